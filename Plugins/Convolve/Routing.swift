internal import SyrinxCore

/// Which channel of a response leads from which input to which output.
struct Routing: Sendable, Hashable {
    enum Kind: String, CaseIterable {
        case auto, each, matrix
    }

    var outputs: Int
    var routes: [Convolver.Route]
    /// The file's channel of each route.
    var channels: [Int]

    /// - Throws: what does not fit, and what would.
    init(_ kind: Kind, inputs: Int, file: ResponseFile) throws(PipelineError) {
        let channels = file.channels
        let isEach = channels == 1 || channels == inputs
        if kind != .matrix, isEach {
            outputs = inputs
            routes = (0..<inputs).map { Convolver.Route(from: $0, to: $0) }
            self.channels = (0..<inputs).map { channels == 1 ? 0 : $0 }
        } else if kind != .each, channels % inputs == 0 {
            let outputs = channels / inputs
            self.outputs = outputs
            routes = (0..<channels).map { Convolver.Route(from: $0 / outputs, to: $0 % outputs) }
            self.channels = Array(0..<channels)
        } else {
            let expected =
                kind == .each
                ? "1 or \(inputs), or routing \"matrix\""
                : "1, \(inputs), or a multiple of \(inputs): for every input one channel an output"
            throw PipelineError(
                .missingInput, at: file.path,
                "it has \(channels) \(channels == 1 ? "channel" : "channels") and \(inputs) come in; expected \(expected)"
            )
        }
    }
}
