internal import Glibc
internal import SyrinxCore
internal import SyrinxDSP
internal import SyrinxRealtime
internal import SyrinxSoundFile

/// An audio file, or a stream of one, opened and read frame by frame.
///
/// Uncompressed samples are read as they lie and converted here in one pass; libsndfile decodes everything else.
// SAFETY: control opens it and hands it to the service's thread before that starts; only `cancel` comes from elsewhere,
// and touches an atomic.
final class AudioInput: @unchecked Sendable {
    let path: String
    let rate: Int
    let channels: Int
    /// nil: only reading tells.
    let frames: Int?
    let isSeekable: Bool
    /// The names for `format` and `subtype`.
    let format: String
    let subtype: String
    /// Samples that the header promises beyond what is there, in frames.
    let missingFrames: Int
    let metadata: Metadata

    private let source: Source
    private let bytes: UnsafeMutableRawPointer
    private let table: PlaneTable
    /// Frames that `bytes` and one call of ``read(_:count:)`` can hold.
    let largestChunk: Int

    /// Closes a descriptor with its last user.
    private final class Descriptor {
        let number: Int32
        init(_ number: Int32) { self.number = number }
        deinit { close(number) }
    }

    /// libsndfile's handle on a descriptor.
    private final class Decoder {
        let descriptor: Descriptor
        let file: SoundFile
        /// Set: samples are read as they lie.
        var direct: PCMLayout?

        init(_ descriptor: Descriptor, raw: SoundFile.Shape?) throws(SoundFileError) {
            self.descriptor = descriptor
            file = try SoundFile(reading: descriptor.number, raw: raw)
        }
    }

    private enum Source {
        case decoder(Decoder)
        case stream(StreamInput, StreamHeader, law: [Float])
    }

    /// A file without a header, as the user describes it.
    struct RawFormat: Sendable, Hashable {
        var rate: Int
        var channels: Int
        var subtype: Subtype
        var isBigEndian: Bool
    }

    // MARK: Opening

    /// Opens a file, a FIFO, or `-`.
    ///
    /// - Parameter onlyRegular: true: anything but a regular file is left alone.
    /// - Returns: nil if it was left alone.
    /// - Throws: `.missingInput` with what is wrong with it.
    static func open(_ path: String, raw: RawFormat?, onlyRegular: Bool) throws(PipelineError) -> AudioInput? {
        if path == "-" {
            var status = stat()
            let isRegular = fstat(0, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
            if onlyRegular, !isRegular { return nil }
            let descriptor = fcntl(0, F_DUPFD_CLOEXEC, 3)
            if descriptor < 0 { throw .cannotRead(path, errno) }
            if isRegular { return try AudioInput(path, file: descriptor, raw: raw) }
            return try open(path, stream: descriptor, raw: raw)
        }
        var status = stat()
        if stat(path, &status) != 0 { throw .cannotRead(path, errno) }
        let kind = status.st_mode & S_IFMT
        if kind == S_IFDIR { throw .cannotRead(path, EISDIR) }
        if onlyRegular, kind != S_IFREG { return nil }
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | (kind == S_IFREG ? 0 : O_NONBLOCK))
        if descriptor < 0 { throw .cannotRead(path, errno) }
        if kind == S_IFREG { return try AudioInput(path, file: descriptor, raw: raw) }
        return try open(path, stream: descriptor, raw: raw)
    }

    private static func open(_ path: String, stream descriptor: Int32, raw: RawFormat?) throws(PipelineError)
        -> AudioInput
    {
        var stream = StreamInput(descriptor)
        if let raw {
            guard let coding = StreamHeader.Coding(subtype: raw.subtype.name) else {
                return try AudioInput(path, file: stream.spool(after: [], path: path), raw: raw)
            }
            let header = StreamHeader(
                rate: raw.rate, channels: raw.channels, coding: coding, frameBytes: coding.width * raw.channels,
                isSwapped: raw.isBigEndian)
            return try AudioInput(path, stream: stream, header, format: "raw")
        }
        var start: [UInt8] = []
        while start.count < 12, let byte = stream.take(1) { start += byte }
        if start.isEmpty { throw Self.refused(path, "it is empty, expected an audio file") }
        let isWave = ["RIFF", "RIFX", "RF64"].contains { start.starts(with: $0.utf8) }
        if isWave || start.starts(with: ".snd".utf8) {
            let header =
                isWave ? StreamHeader(wave: start, from: &stream) : StreamHeader(au: start, from: &stream)
            guard let header else { throw Self.refused(path, "its header is damaged or cut short") }
            if case .other = header.coding {
                throw Self.refused(
                    path, "it holds \(header.coding.name), which cannot be read from a pipe; write it to a file first")
            }
            return try AudioInput(path, stream: stream, header, format: isWave ? "wav" : "au")
        }
        return try AudioInput(path, file: stream.spool(after: start, path: path), raw: nil)
    }

    /// Opens what can be gone back in.
    private init(_ path: String, file number: Int32, raw: RawFormat?) throws(PipelineError) {
        let descriptor = Descriptor(number)
        var status = stat()
        if fstat(number, &status) == 0, status.st_size == 0, raw == nil {
            throw Self.refused(path, "it is empty, expected an audio file")
        }
        let rawShape = raw.map { raw in
            SoundFile.Shape(
                rate: raw.rate, channels: raw.channels,
                format: Container.raw.code | raw.subtype.code | (raw.isBigEndian ? 0x2000_0000 : 0x1000_0000))
        }
        let decoder: Decoder
        do {
            decoder = try Decoder(descriptor, raw: rawShape)
        } catch {
            throw Self.refused(path, "it is no audio file that can be read", error.message)
        }
        let shape = decoder.file.shape
        try Self.checkLimits(path, rate: shape.rate, channels: shape.channels)
        self.path = path
        (rate, channels, frames, isSeekable) = (shape.rate, shape.channels, shape.frames, shape.isSeekable)
        format = Container.name(ofCode: shape.format)
        let known = Subtype.ofCode(shape.format)
        subtype = known?.name ?? "other"
        source = .decoder(decoder)
        metadata = decoder.file.metadata()

        // Only what lies in the file exactly as its subtype says is read past libsndfile.
        var header: StreamHeader?
        if ["wav", "wavex", "rf64"].contains(format) {
            var bytes = FileBytes(descriptor: number)
            if let start = bytes.take(12) { header = StreamHeader(wave: start, from: &bytes) }
        }
        let isPlain =
            ["rf64", "w64", "aiff", "caf", "au", "raw", "wav", "wavex"].contains(format)
            && (header.map { $0.coding == known?.encoding.map(StreamHeader.Coding.pcm) } ?? !format.hasPrefix("wav"))
        if isPlain, let encoding = known?.encoding {
            decoder.direct = PCMLayout(encoding, swapped: decoder.file.isSwapped)
        }
        missingFrames =
            header.flatMap { header in
                guard let declared = header.dataBytes, header.frameBytes > 0, let frames = shape.frames else {
                    return nil
                }
                if case .other = header.coding { return nil }
                return max(0, declared / header.frameBytes - frames)
            } ?? 0
        (largestChunk, bytes) = Self.buffer(channels: shape.channels)
        table = PlaneTable(channels: shape.channels)
    }

    /// Opens what comes once.
    private init(_ path: String, stream: StreamInput, _ header: StreamHeader, format: String) throws(PipelineError) {
        try Self.checkLimits(path, rate: header.rate, channels: header.channels)
        self.path = path
        (rate, channels, frames, isSeekable) = (header.rate, header.channels, nil, false)
        self.format = format
        subtype = header.coding.name
        let law = header.coding == .ulaw || header.coding == .alaw ? lawTable(isMu: header.coding == .ulaw) : []
        source = .stream(stream, header, law: law)
        missingFrames = 0
        metadata = Metadata()
        (largestChunk, bytes) = Self.buffer(channels: header.channels)
        table = PlaneTable(channels: header.channels)
    }

    deinit { bytes.deallocate() }

    private static func checkLimits(_ path: String, rate: Int, channels: Int) throws(PipelineError) {
        if !Limits.channels.contains(channels) {
            throw refused(path, "it has \(channels) channels, expected at most \(Limits.channels.upperBound)")
        }
        if !Limits.rates.contains(rate) {
            throw refused(path, "it has a rate of \(rate) Hz, expected 1…\(Limits.rates.upperBound) Hz")
        }
    }

    /// Room for the bytes of one chunk.
    private static func buffer(channels: Int) -> (Int, UnsafeMutableRawPointer) {
        let frames = PlanarQueue.chunkFrames(forChannels: channels)
        return (frames, .allocate(byteCount: frames * channels * 8, alignment: 64))
    }

    private static func refused(_ path: String, _ why: String, _ cause: String? = nil) -> PipelineError {
        PipelineError(.missingInput, at: shown(path), why, cause: cause)
    }

    // MARK: Reading

    /// How frames lie that ``read(_:count:)`` gives; nil where they must be decoded first.
    var layout: PCMLayout? {
        guard case .decoder(let decoder) = source else { return nil }
        return decoder.direct
    }

    /// Reads frames as they lie in the file, ``layout`` says how. Returns: fewer than `count` at the end only.
    func read(_ frames: UnsafeMutableRawPointer, count: Int) -> Int {
        guard case .decoder(let decoder) = source, let layout = decoder.direct else { return 0 }
        let frameBytes = layout.width * channels
        return decoder.file.read(frames, byteCount: count * frameBytes) / frameBytes
    }

    /// Reads frames into planes.
    ///
    /// - Shape: channel c of frame k goes to `planes[c · stride + k]`.
    /// - Parameters:
    ///   - count: at most ``largestChunk``.
    ///   - atOnce: true: a stream gives what is there, and waits for the first frame only.
    /// - Returns: fewer than `count` at the end (or with `atOnce`), 0 if nothing more comes.
    func read(
        _ planes: UnsafeMutablePointer<Float>, stride: Int, count: Int, atOnce: Bool = false
    ) throws(PipelineError) -> Int {
        table.set(planes, stride: stride)
        switch source {
        case .decoder(let decoder):
            let frames: Int
            if decoder.direct != nil {
                frames = read(bytes, count: count)
            } else {
                frames = max(0, decoder.file.read(bytes.assumingMemoryBound(to: Float.self), count: count))
            }
            decodePCM(
                bytes, as: decoder.direct ?? PCMLayout(.f32), channels: channels, count: frames, into: table.planes)
            return frames
        case .stream(let stream, let header, let law):
            return try read(stream, header, law, count: count, atOnce: atOnce)
        }
    }

    /// Bytes of the stream's samples that were read, and of a frame that came in part.
    private var streamBytes = 0
    private var partialBytes = 0

    private func read(
        _ stream: StreamInput, _ header: StreamHeader, _ law: [Float], count: Int, atOnce: Bool
    ) throws(PipelineError) -> Int {
        var wanted = count * header.frameBytes - partialBytes
        if let dataBytes = header.dataBytes { wanted = min(wanted, dataBytes - streamBytes) }
        var held = partialBytes
        while wanted > 0 {
            let taken = stream.readSome(bytes + held, count: wanted)
            if taken == 0 { break }
            (held, wanted, streamBytes) = (held + taken, wanted - taken, streamBytes + taken)
            if atOnce, held >= header.frameBytes { break }
        }
        if let code = stream.failure {
            throw PipelineError(.inputOutput, at: shown(path), "reading failed", cause: systemMessage(code))
        }
        let frames = held / header.frameBytes
        switch header.coding {
        case .pcm(let encoding):
            let layout = PCMLayout(encoding, swapped: header.isSwapped)
            decodePCM(bytes, as: layout, channels: channels, count: frames, into: table.planes)
        default:
            let codes = bytes.assumingMemoryBound(to: UInt8.self)
            for channel in 0..<channels {
                guard let plane = table.planes[channel] else { continue }
                for k in 0..<frames { plane[k] = law[Int(codes[k * channels + channel])] }
            }
        }
        partialBytes = held - frames * header.frameBytes
        if partialBytes > 0 { memmove(bytes, bytes + frames * header.frameBytes, partialBytes) }
        return frames
    }

    /// Goes to a frame. Returns: false if the file cannot.
    func seek(to frame: Int) -> Bool {
        guard case .decoder(let decoder) = source, isSeekable else { return false }
        return decoder.file.seek(to: frame)
    }

    /// True: after a seek come exactly the samples that reading up to there would have given.
    var isSampleExact: Bool {
        guard case .decoder(let decoder) = source else { return false }
        return decoder.direct != nil || format == "flac" || subtype.hasPrefix("alac")
    }

    /// What the decoder complains of, if it does.
    var failure: String? {
        guard case .decoder(let decoder) = source else { return nil }
        return decoder.file.failure
    }

    /// Thread: any.
    func cancel() {
        if case .stream(let stream, _, _) = source { stream.cancel() }
    }
}
