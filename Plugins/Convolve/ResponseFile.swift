internal import Glibc
internal import SyrinxCore
internal import SyrinxSoundFile

/// What a file's header says of an impulse response, and its samples.
struct ResponseFile: Sendable, Hashable {
    /// Frames of the longest response that is taken: 87 s at 96 kHz.
    static let mostFrames = 1 << 23

    let path: String
    let rate: Int
    let channels: Int
    let frames: Int

    /// Reads the header.
    ///
    /// - Throws: `.missingInput` with what is wrong with the file.
    /// - Thread: control. Blocks.
    init(headerOf path: String) throws(PipelineError) { (self, _) = try Self.open(path, reads: false) }

    /// True: `explain` may look at it; pipes and devices are left alone.
    static func isRegular(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG || status.st_mode & S_IFMT == S_IFDIR
    }

    /// Header and samples, channel by channel.
    ///
    /// - Thread: control. Blocks.
    static func read(_ path: String) throws(PipelineError) -> (ResponseFile, [[Float]]) { try open(path, reads: true) }

    private init(path: String, rate: Int, channels: Int, frames: Int) {
        (self.path, self.rate, self.channels, self.frames) = (path, rate, channels, frames)
    }

    private static func open(_ path: String, reads: Bool) throws(PipelineError) -> (ResponseFile, [[Float]]) {
        func refusal(_ why: String, _ cause: String? = nil) -> PipelineError {
            PipelineError(.missingInput, at: path, why, cause: cause)
        }
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        if descriptor < 0 {
            let code = errno
            let why =
                switch code {
                case ENOENT: "there is no such file, expected an impulse response"
                case EACCES, EPERM: "no permission to read it"
                default: "cannot open it"
                }
            throw refusal(why, String(cString: strerror(code)))
        }
        defer { close(descriptor) }
        var status = stat()
        if fstat(descriptor, &status) != 0 || status.st_mode & S_IFMT != S_IFREG {
            throw refusal("it is no regular file, expected an impulse response")
        }
        let file: SoundFile
        do {
            file = try SoundFile(reading: descriptor)
        } catch {
            throw refusal("it is no audio file that can be read, expected an impulse response", error.message)
        }
        let shape = file.shape
        guard let frames = shape.frames, frames > 0 else { throw refusal("it is empty, expected an impulse response") }
        if frames > mostFrames {
            throw refusal("it has \(frames) frames, expected at most \(mostFrames); cut it down to the response")
        }
        if !Limits.channels.contains(shape.channels) || !Limits.rates.contains(shape.rate) {
            throw refusal(
                "it has \(shape.channels) channels at \(shape.rate) Hz, expected at most \(Limits.channels.upperBound) at "
                    + "no more than \(Limits.rates.upperBound) Hz")
        }
        let header = ResponseFile(path: path, rate: shape.rate, channels: shape.channels, frames: frames)
        if !reads { return (header, []) }
        var samples = [[Float]](repeating: [], count: shape.channels)
        for channel in samples.indices { samples[channel].reserveCapacity(frames) }
        let piece = 4_096
        let buffer = UnsafeMutablePointer<Float>.allocate(capacity: piece * shape.channels)
        defer { buffer.deallocate() }
        while samples[0].count < frames {
            let count = file.read(buffer, count: min(piece, frames - samples[0].count))
            if count <= 0 { break }
            for channel in samples.indices {
                for k in 0..<count { samples[channel].append(buffer[k * shape.channels + channel]) }
            }
        }
        if samples[0].count < frames {
            throw refusal(
                "its header promises \(frames) frames, found \(samples[0].count); it is damaged or cut short",
                file.failure)
        }
        if samples.contains(where: { $0.contains { !$0.isFinite } }) {
            throw refusal("it holds samples that are not finite, expected an impulse response")
        }
        return (header, samples)
    }
}
