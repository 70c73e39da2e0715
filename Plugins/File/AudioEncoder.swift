internal import Glibc
internal import SyrinxCore
internal import SyrinxDSP
internal import SyrinxSoundFile

/// What a sink was told to write, once everything is known.
struct OutputPlan: Sendable {
    var path: String
    var container: Container
    var subtype: Subtype
    var rate: Int
    var channels: Int
    /// nil: the encoder's own default.
    var quality: Double?
    var dithers: Bool
    /// True: bytes can only be appended.
    var isStream: Bool
    var metadata = Metadata()

    /// As libsndfile sees it.
    var shape: SoundFile.Shape {
        SoundFile.Shape(rate: rate, channels: channels, format: container.code | subtype.code)
    }
}

/// Writes frames in a format: our own WAV writer, or libsndfile's encoders.
///
/// Samples come as ``layout`` says. Uncompressed ones are written as they are, also within libsndfile's containers: its own
/// conversion is slower, and clips by rules of its own.
///
/// - Thread: one at a time.
final class AudioEncoder {
    private let plan: OutputPlan
    private let output: ByteOutput
    /// libsndfile's handle, if it takes part; nil once finished.
    private var file: SoundFileBox?
    /// Our own header, rewritten at the end.
    private let wave: WaveHeader?
    /// How samples are written, or fed to libsndfile.
    let layout: PCMLayout
    /// True: they are written as they lie.
    private let isDirect: Bool
    /// Where the samples begin, and samples' bytes so far.
    private var dataStart = 0
    private var dataBytes = 0

    /// Holds a handle where a class needs one that can go away early.
    private final class SoundFileBox {
        var file: SoundFile?
        init(_ file: consuming SoundFile) { self.file = consume file }
    }

    /// Opens the encoder.
    ///
    /// - Throws: `.cannotCreate` with libsndfile's words.
    init(_ plan: OutputPlan, to output: ByteOutput) throws(PipelineError) {
        self.plan = plan
        self.output = output
        let io = Unmanaged.passUnretained(output).toOpaque()
        func open(_ format: Int32) throws(PipelineError) -> SoundFile {
            var shape = plan.shape
            shape.format = format
            do {
                return try SoundFile(writing: shape, to: io, by: ByteOutput.callbacks)
            } catch {
                throw PipelineError(
                    .cannotCreate, at: shown(plan.path, output: true),
                    "cannot write \(plan.container.name) with \(plan.subtype.name), \(plan.rate) Hz, "
                        + "\(plan.channels) channels", cause: error.message)
            }
        }
        let isOwn = plan.container == .wav || plan.isStream && (plan.container == .au || plan.container == .raw)
        let isLaw = plan.subtype.name == "ulaw" || plan.subtype.name == "alaw"
        if isOwn, let encoding = plan.subtype.encoding {
            wave = plan.container == .wav ? Self.waveHeader(plan, width: encoding.width) : nil
            (layout, isDirect) = (PCMLayout(encoding, swapped: plan.container == .au), true)
            file = nil
        } else if isOwn, isLaw {
            wave = plan.container == .wav ? Self.waveHeader(plan, width: 1) : nil
            (layout, isDirect) = (plan.subtype.feed.layout, false)
            file = nil
        } else {
            wave = nil
            let opened = try open(plan.shape.format)
            opened.leaveOutPeaks()
            if let quality = plan.quality {
                opened.setQuality(quality, isCompression: plan.container.name == "flac")
            }
            opened.setMetadata(plan.metadata)
            if let encoding = plan.subtype.encoding, Self.holdsPlainSamples.contains(plan.container.name) {
                (layout, isDirect) = (PCMLayout(encoding, swapped: opened.isSwapped), true)
            } else {
                (layout, isDirect) = (plan.subtype.feed.layout, false)
            }
            file = SoundFileBox(opened)
        }
        if isOwn {
            writeHeader()
            dataStart = output.position
            if isLaw { file = SoundFileBox(try open(Container.raw.code | plan.subtype.code)) }
        }
    }

    deinit { abandon() }

    private static let holdsPlainSamples: Set = ["rf64", "w64", "wavex", "aiff", "caf", "au", "raw"]

    /// Writes frames that lie as ``layout`` says; may change them. Returns: false after a failure.
    func write(_ bytes: UnsafeMutableRawPointer, frames: Int) -> Bool {
        let size = frames * plan.channels * layout.width
        if isDirect { dataBytes += size }
        guard let box = file else { return isDirect && output.write(bytes, count: size) }
        guard box.file != nil else { return false }
        if isDirect { return box.file!.write(bytes, byteCount: size) == size }
        switch plan.subtype.feed {
        case .floats:
            let samples = bytes.assumingMemoryBound(to: Float.self)
            for k in 0..<frames * plan.channels where !samples[k].isFinite { samples[k] = 0 }
            return box.file!.write(samples, count: frames) == frames
        case .integers(let bits) where bits <= 16:
            return box.file!.write(bytes.assumingMemoryBound(to: Int16.self), count: frames) == frames
        case .integers:
            return box.file!.write(bytes.assumingMemoryBound(to: Int32.self), count: frames) == frames
        }
    }

    /// Brings the header up to date, so that what is there can be opened after a crash.
    func updateHeader() {
        if plan.isStream { return }
        if wave != nil {
            let end = output.position
            dataBytes = end - dataStart
            writeHeader()
            _ = output.seek(to: end)
            output.flush()
        } else if let box = file {
            box.file!.updateHeader()
            output.flush()
        }
    }

    /// Closes the format without finishing it; nothing is written any more. May come after ``finish(frames:)``.
    ///
    /// libsndfile writes once more while it closes, so this comes before the output and its descriptor go away.
    func abandon() {
        output.discard()
        file = nil
    }

    /// Finishes the format. Returns: libsndfile's words if it failed; the output's own failure stands there.
    func finish(frames: Int) -> String? {
        var failure: String?
        if let box = file, let opened = box.file.take() {
            if frames == 0 { opened.updateHeader() }  // libsndfile writes it with the first frame otherwise
            failure = opened.close()
        }
        file = nil
        if let wave, !plan.isStream {
            var final = wave
            let end = output.length
            dataBytes = end - dataStart
            _ = output.seek(to: end)
            if dataBytes % 2 == 1 { output.write([UInt8(0)], count: 1) }
            final.trailer = plan.metadata.trailingChunks(rate: plan.rate, frames: frames)
            output.write(final.trailer, count: final.trailer.count)
            writeHeader(final)
        }
        output.flush()
        return failure
    }

    // MARK: Our own headers

    private static func waveHeader(_ plan: OutputPlan, width: Int) -> WaveHeader {
        let coding: WaveHeader.Coding =
            switch plan.subtype.name {
            case "ulaw": .ulaw
            case "alaw": .alaw
            case "f32", "f64": .float
            default: .integer
            }
        var header = WaveHeader(
            rate: plan.rate, channels: plan.channels, coding: coding, width: width, isStream: plan.isStream)
        if !plan.isStream { header.broadcast = plan.metadata.broadcastChunk(plan) }
        return header
    }

    private func writeHeader(_ final: WaveHeader? = nil) {
        let header: [UInt8]
        if let wave = final ?? wave {
            header = wave.bytes(dataBytes: dataBytes)
        } else if plan.container == .au {
            let codes: [String: UInt32] = [
                "ulaw": 1, "s8": 2, "s16": 3, "s24": 4, "s32": 5, "f32": 6, "f64": 7, "alaw": 27,
            ]
            header = openAUHeader(rate: plan.rate, channels: plan.channels, encoding: codes[plan.subtype.name] ?? 3)
        } else {
            return
        }
        if output.length > 0 { _ = output.seek(to: 0) }
        output.write(header, count: header.count)
    }
}

extension Subtype.Feed {
    /// How an encoder is fed.
    fileprivate var layout: PCMLayout {
        switch self {
        case .floats: PCMLayout(.f32)
        case .integers(let bits): PCMLayout(bits: bits, inWordsOf: bits <= 16 ? 2 : 4, atTop: true)
        }
    }
}
