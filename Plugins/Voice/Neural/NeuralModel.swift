internal import Glibc
internal import SyrinxCore

/// Where the neural engine's weights come from.
///
/// - Thread: control; reads a file.
enum NeuralModel {
    /// What is looked for where no path is given, the best first: both are Silero VAD, of two training runs.
    static let names = ["silero_vad_16k_op15.safetensors", "silero_vad_16k.safetensors"]

    /// The folder that `scripts/models` fills: `SYRINX_MODELS`, or else `.local/share/syrinx/models` at home.
    static var folder: String? {
        if let folder = variable("SYRINX_MODELS") { return folder }
        return variable("HOME").map { $0 + "/.local/share/syrinx/models" }
    }

    /// The network, ready to be fed.
    ///
    /// - Parameters:
    ///   - path: the file; nil: the first of ``names`` that is in ``folder``.
    ///   - place: whose parameter it is, for errors.
    static func network(_ path: String?, at place: String) throws(PipelineError) -> SileroNetwork {
        let path = if let path { path } else { try found(in: folder, at: place) }
        let bytes = try read(path, at: place)
        do throws(ModelFault) {
            return SileroNetwork(try SileroWeights(SafeTensors(bytes)))
        } catch {
            throw PipelineError(.missingInput, at: place, "\(path): \(error.message)")
        }
    }

    /// The model that is there without being named.
    static func found(in folder: String?, at place: String) throws(PipelineError) -> String {
        guard let folder else {
            throw PipelineError(
                .missingInput, at: place,
                "neither SYRINX_MODELS nor HOME is set, so there is no folder to look for a model in; give model a path"
            )
        }
        for name in names where access("\(folder)/\(name)", F_OK) == 0 { return "\(folder)/\(name)" }
        throw PipelineError(
            .missingInput, at: place,
            "found neither \(names.joined(separator: " nor ")) in \(folder); scripts/models puts them there, or give model a "
                + "path")
    }

    /// A regular file's bytes.
    private static func read(_ path: String, at place: String) throws(PipelineError) -> [UInt8] {
        // Without waiting: a pipe that nobody writes to would hold a run up for ever.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard file >= 0 else { throw systemError(path, errno, at: place) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw systemError(path, errno, at: place) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw PipelineError(.missingInput, at: place, "\(path) is not a regular file")
        }
        let size = Int(status.st_size)
        guard size <= SafeTensors.largestFile else {
            throw PipelineError(
                .missingInput, at: place,
                "\(path): found \(size) bytes, expected a model of at most \(SafeTensors.largestFile)")
        }
        var bytes = [UInt8](repeating: 0, count: size)
        var count = 0
        while count < size {
            let got = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress! + count, size - count) }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw systemError(path, errno, at: place) }
            // Somebody has just cut it short; what is there will be judged.
            if got == 0 { break }
            count += got
        }
        return Array(bytes[..<count])
    }

    private static func systemError(_ path: String, _ code: Int32, at place: String) -> PipelineError {
        PipelineError(.missingInput, at: place, "cannot read the model \(path)", cause: String(cString: strerror(code)))
    }

    /// A variable of the environment; nil if it is not set or empty.
    private static func variable(_ name: String) -> String? {
        guard let value = getenv(name).map({ String(cString: $0) }), !value.isEmpty else { return nil }
        return value
    }
}

/// Silero VAD as an engine of `vad`.
extension SileroNetwork: Detector {
    /// A probability speaks of its window, and so of that window's middle.
    static let timing = DetectorTiming(
        rate: rate, hop: hop, lag: SileroPlan().delay + window / 2, span: window)

    var rate: Int { Self.rate }
    var hop: Int { Self.hop }
    var lag: Int { Self.timing.lag }
}
