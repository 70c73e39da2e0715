internal import SyrinxCore

/// The faults of one document, as many as anyone will read.
struct FaultList {
    /// What is found beyond this is counted as one more line only.
    static let limit = 500

    private(set) var all: [Fault] = []

    /// True: nothing more will be kept.
    var isFull: Bool { all.count > Self.limit }

    mutating func report(
        _ code: PipelineError.Code = .invalidParameter, at path: @autoclosure () -> String, _ position: SourcePosition?,
        _ message: @autoclosure () -> String
    ) {
        if all.count < Self.limit {
            all.append(Fault(PipelineError(code, at: path(), message()), position: position))
        } else if all.count == Self.limit {
            all.append(
                Fault(
                    PipelineError(code, "found more than \(Self.limit) faults; the others are not listed"),
                    position: position))
        }
    }
}
