internal import Synchronization
public import SyrinxCore
internal import SyrinxDSP
internal import SyrinxRealtime
internal import SyrinxSoundFile

/// Reads an audio file, or standard input.
///
/// - Ports: `out`, with the file's rate and channels. Latency: 0 frames.
public struct FileSourceNode: Node {
    public static let descriptor = NodeDescriptor(
        type: "file.source", summary: "Reads an audio file, or standard input.",
        outputs: [.audio("out", "The file's channels at the file's rate.")],
        parameters: [
            .path("path", .read, required: true, "The file to read; - is standard input."),
            .number("start_s", in: 0...1e9, default: 0, unit: .seconds, "Where to begin, to the nearest frame."),
            .number("duration_s", in: 0...1e9, unit: .seconds, "How much to read; left out: up to the file's end."),
            .boolean("loop", default: false, "True: begins again at the end, without a gap and for ever."),
            .choice("format", of: ["raw"], "raw: samples without a header; left out: what the file itself says."),
            .integer("rate_hz", in: Limits.rates, unit: .hertz, "The rate of a raw file."),
            .integer("channels", in: Limits.channels, "The channels of a raw file; left out: 1."),
            .choice(
                "subtype",
                of: [
                    "u8", "s8", "s16", "s24", "s32", "f32", "f64", "ulaw", "alaw", "gsm610", "vox_adpcm", "dwvw_12",
                    "dwvw_16", "dwvw_24",
                ], "How the samples of a raw file are stored; left out: s16."),
            .choice("byte_order", of: ["little", "big"], default: "little", "The byte order of a raw file."),
        ],
        details: """
            The format is told by the file's content: wav, rf64, w64, aiff, caf, flac, ogg (vorbis), opus, mp3, au and \
            whatever else libsndfile reads. Only `raw` must be named.

            From standard input or a FIFO wav (also with its length left open), au and raw are read as they come; other \
            formats are first kept in a nameless file, because their decoders go back and forth.

            After its end a file is silent. In real time a file that is read too slowly is silent for a while, and the \
            report counts the frames.
            """,
        example: #""take": { "type": "file.source", "path": "take.wav", "start_s": 1.5 }"#)

    private let parameters: Parameters
    private let path: String
    private let start: Double
    private let duration: Double?
    private let loops: Bool
    private let raw: AudioInput.RawFormat?
    private let opener = InputOpener()

    public init(_ parameters: Parameters) throws(PipelineError) {
        self.parameters = parameters
        path = try parameters.string("path")
        start = try parameters.number("start_s")
        duration = try parameters.optionalNumber("duration_s")
        loops = try parameters.boolean("loop")
        let isNamedRaw = try parameters.optionalString("format") == "raw"
        if isNamedRaw || Container.ofPath(path) == .raw {
            guard let rate = try parameters.optionalInteger("rate_hz") else {
                throw parameters.error("rate_hz", "a raw file does not tell its rate; expected a number, as in 48000")
            }
            let subtype = try parameters.optionalString("subtype") ?? "s16"
            raw = AudioInput.RawFormat(
                rate: rate, channels: try parameters.optionalInteger("channels") ?? 1,
                subtype: Subtype.named(subtype) ?? .s24,
                isBigEndian: try parameters.string("byte_order") == "big")
        } else {
            if let name = ["rate_hz", "channels", "subtype"].first(where: { parameters.isSet($0) }) {
                throw parameters.error(
                    name, "only a raw file is told its \(name); give \"format\": \"raw\", or leave it out")
            }
            raw = nil
        }
        if loops, path == "-" {
            throw parameters.error("loop", "standard input comes once and cannot begin again; read a file to loop it")
        }
    }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        guard let input = try opener.look(path, raw: raw, request.access) else {
            let format = PartialFormat(rate: raw?.rate, channels: raw?.channels)
            return Resolution(
                outputs: [OutputStream(format)], end: loops ? .never : .whenRead, facts: [("path", .string(path))])
        }
        let region = region(of: input)
        let end: SourceEnd = loops ? .never : region.count.map { .after(frames: $0) } ?? .whenRead
        var facts: [(name: String, value: Value)] = [
            ("path", .string(path)), ("format", .string(input.format)), ("subtype", .string(input.subtype)),
            ("rate_hz", .integer(input.rate)), ("channels", .integer(input.channels)),
            ("frames", input.frames.map(Value.integer) ?? .null), ("start_frame", .integer(region.start)),
            ("read_frames", region.count.map(Value.integer) ?? .null),
        ]
        if let frames = input.frames { facts.append(("seconds", .number(Double(frames) / Double(input.rate)))) }
        if input.missingFrames > 0 { facts.append(("missing_frames", .integer(input.missingFrames))) }
        facts += input.metadata.facts
        return Resolution(
            outputs: [OutputStream(PartialFormat(rate: input.rate, channels: input.channels))], end: end, facts: facts)
    }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        let input = try opener.take(path, raw: raw)
        let format = setup.output.format
        if input.rate != format.rate || input.channels != format.channels {
            throw PipelineError(
                .inputOutput, at: path,
                "it changed between two looks: \(input.rate) Hz and \(input.channels) channels now, "
                    + "\(format.rate) Hz and \(format.channels) before")
        }
        // What is kept for the next turn is kept as samples.
        let layout = loops ? nil : input.layout
        let queue =
            layout.map {
                FileBridge.byteQueue(
                    frameBytes: $0.width * format.channels, channels: format.channels,
                    forBlocksOf: setup.output.largestBlock, isPaced: setup.isPaced,
                    frames: input.isSeekable ? input.frames : nil)
            }
            ?? PlanarQueue(
                channels: format.channels, forBlocksOf: setup.output.largestBlock, isTouched: setup.isPaced)
        let renderer = FileSourceRenderer(
            bridge: FileBridge(queue: queue, isPaced: setup.isPaced), channels: format.channels, layout: layout)
        let region = region(of: input)
        let opener: @Sendable () throws(PipelineError) -> AudioInput = { [path, raw] () throws(PipelineError) in
            try InputOpener.open(path, raw: raw)
        }
        let service = FileSourceService(
            input, reopen: opener, start: region.start, count: region.count, loops: loops, renderer: renderer,
            events: setup.events)
        return Prepared(renderer, blockingServices: [service], source: renderer, reporter: service)
    }

    /// The frames that are asked for; `count` nil: to an end that only reading tells.
    private func region(of input: AudioInput) -> (start: Int, count: Int?) {
        func frames(_ seconds: Double) -> Int { Int((seconds * Double(input.rate) + 0.5).rounded(.down)) }
        let start = min(frames(start), input.frames ?? .max)
        let asked = duration.map(frames)
        guard let all = input.frames else {
            // An end is only promised where it is known; the service stops by itself at what was asked for.
            return (start, asked)
        }
        return (start, min(asked ?? .max, all - start))
    }
}

/// The one who opens a node's file: once for a look at its header, and for good when the run is made.
///
/// What can only be opened once, a pipe, is kept from the first look on.
final class InputOpener: Sendable {
    private let kept = Mutex<AudioInput?>(nil)

    /// Opens the file as far as `access` allows. Returns: nil where it may not be opened.
    func look(
        _ path: String, raw: AudioInput.RawFormat?, _ access: FormatRequest.Access
    ) throws(PipelineError) -> AudioInput? {
        if access == .nothing { return nil }
        // What a look takes from standard input, a run after it would miss.
        if access == .headers, path == "-" { return nil }
        if let input = kept.withLock({ $0 }) { return input }
        guard let input = try AudioInput.open(path, raw: raw, onlyRegular: access == .headers) else { return nil }
        if access == .all { kept.withLock { $0 = input } }
        return input
    }

    /// The opened file, which is the caller's from now on.
    func take(_ path: String, raw: AudioInput.RawFormat?) throws(PipelineError) -> AudioInput {
        let input = kept.withLock { input in
            defer { input = nil }
            return input
        }
        if let input { return input }
        return try Self.open(path, raw: raw)
    }

    static func open(_ path: String, raw: AudioInput.RawFormat?) throws(PipelineError) -> AudioInput {
        guard let input = try AudioInput.open(path, raw: raw, onlyRegular: false) else {
            throw PipelineError(.internal, at: path, "a file was left alone that should have been opened")
        }
        return input
    }
}

/// The render half of ``FileSourceNode`` and its driver's view: drains chunks, silence where there is none. What lies in them as
/// it lies in the file becomes samples here, in one pass.
final class FileSourceRenderer: Renderer, SourceBridge {
    let bridge: FileBridge
    private let queue: PlanarQueue.Ends
    /// How frames lie in chunks; nil: as planes of samples.
    let layout: PCMLayout?
    private let channels: Int
    /// Where the channels of the next piece go. Owned by the render thread.
    private let table: PlaneTable
    /// Frames handed over so far. Written by the service.
    let publishedFrames = Atomic<Int>(0)
    /// How many frames the stream has in all; `Int.max` until that is known. Written by the service.
    let totalFrames = Atomic<Int>(.max)
    /// Frames of silence in place of what had not been read in time.
    let starvedFrames = Atomic<Int>(0)
    /// Frames of the oldest chunk that were rendered. Owned by the render thread.
    private nonisolated(unsafe) var offset = 0
    /// Frames that silence stood for and that are still to be left out, so that the stream keeps its time.
    private nonisolated(unsafe) var late = 0
    /// Chunks given back when the service was last woken. Owned by the driver's thread.
    private nonisolated(unsafe) var rungAt = 0

    init(bridge: FileBridge, channels: Int, layout: PCMLayout?) {
        self.bridge = bridge
        queue = bridge.queue
        self.channels = channels
        self.layout = layout
        table = PlaneTable(channels: channels)
    }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let output = block.output
        let count = output.frameCount
        var done = 0
        var offset = offset
        while late > 0, let (_, frames) = queue.chunkToDrain() {
            let skipped = min(late, frames &- offset)
            late &-= skipped
            offset &+= skipped
            if offset == frames {
                queue.giveBack()
                offset = 0
            }
        }
        while done < count, late == 0, let (planes, frames) = queue.chunkToDrain() {
            let taken = min(count &- done, frames &- offset)
            take(planes, from: offset, to: output, at: done, taken)
            done &+= taken
            offset &+= taken
            if offset == frames {
                queue.giveBack()
                offset = 0
            }
        }
        self.offset = offset
        if done == count { return }
        for channel in 0..<output.channelCount {
            if let target = output[channel].baseAddress {
                (target + done).update(repeating: 0, count: count &- done)
            }
        }
        // Not a fault once the stream is known to have ended.
        if totalFrames.load(ordering: .acquiring) == .max {
            starvedFrames.store(starvedFrames.load(ordering: .relaxed) &+ count &- done, ordering: .relaxed)
            late &+= count &- done
        }
    }

    /// Hands on `count` frames of a chunk.
    @_noLocks @_noAllocation
    private func take(
        _ chunk: UnsafePointer<Float>, from first: Int, to output: OutputPort, at place: Int, _ count: Int
    ) {
        if let layout {
            let (planes, channels) = (table.planes, channels)
            for channel in 0..<channels {
                if let target = output[channel].baseAddress { planes[channel] = target + place }
            }
            let bytes = UnsafeRawPointer(chunk) + first &* channels &* layout.width
            // Plain arithmetic from the chunk to the block.
            _unsafePerformance { decodePCM(bytes, as: layout, channels: channels, count: count, into: planes) }
            return
        }
        for channel in 0..<channels {
            if let target = output[channel].baseAddress {
                UnsafeMutableRawPointer(target + place).copyMemory(
                    from: chunk + (channel &* queue.chunkFrames &+ first), byteCount: 4 &* count)
            }
        }
    }

    /// A stream goes on where it is: what was read cannot be put back.
    @_noLocks @_noAllocation
    func reset() {}

    // MARK: Driver

    func waitToGive(through frame: Int) -> Supply {
        let returned = queue.returnedChunks
        if returned != rungAt, queue.writableChunks >= bridge.half {
            rungAt = returned
            bridge.serviceBell.ring()
        }
        if publishedFrames.load(ordering: .acquiring) < frame {
            // Woken for half of the chunks rather than for each, unless nothing more will come.
            bridge.driverWait {
                publishedFrames.load(ordering: .acquiring) >= frame && queue.readableChunks >= bridge.half
                    || totalFrames.load(ordering: .acquiring) < .max
            }
        }
        if publishedFrames.load(ordering: .acquiring) >= frame { return .ready }
        let total = totalFrames.load(ordering: .acquiring)
        return total < .max ? .ends(frames: total) : .stopped
    }

    var knownEnd: Int? {
        let total = totalFrames.load(ordering: .acquiring)
        return total < .max ? total : nil
    }

    var missedFrames: Int { starvedFrames.load(ordering: .relaxed) }
}
