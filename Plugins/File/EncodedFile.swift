internal import SyrinxCore
internal import SyrinxDSP

/// One file on its way to the disk: its name, its bytes, its format.
///
/// - Thread: one at a time.
final class EncodedFile {
    let plan: OutputPlan
    /// Its first frame in what the sink writes in all.
    let firstFrame: Int
    let target: OutputFile
    private let output: ByteOutput
    private let encoder: AudioEncoder
    private(set) var frames = 0

    /// Begins the file.
    ///
    /// - Parameters:
    ///   - target: where it goes.
    ///   - firstFrame: of its first frame in what the sink writes in all.
    /// - Throws: `.cannotCreate`.
    init(
        _ plan: OutputPlan, to target: OutputFile, firstFrame: Int = 0, isCancelled: @escaping () -> Bool
    ) throws(PipelineError) {
        self.plan = plan
        self.firstFrame = firstFrame
        self.target = target
        output = ByteOutput(target, isCancelled: isCancelled)
        encoder = try AudioEncoder(plan, to: output)
    }

    /// Bytes so far.
    var bytes: Int { output.length }

    /// How frames lie that are to be written.
    var layout: PCMLayout { encoder.layout }

    /// Writes frames that lie as ``layout`` says; may change them.
    ///
    /// - Throws: `.inputOutput`.
    func write(_ bytes: UnsafeMutableRawPointer, frames count: Int) throws(PipelineError) {
        let isWritten = encoder.write(bytes, frames: count)
        frames += count
        if let failure = failure(isWritten ? nil : "the encoder stopped") { throw failure }
    }

    /// Brings the header up to date, so that what is there can be opened after a crash.
    func updateHeader() { encoder.updateHeader() }

    /// Writes what is left and closes the file; its name it gets by `target.commit()`.
    ///
    /// - Throws: `.inputOutput`.
    func finish() throws(PipelineError) {
        let words = encoder.finish(frames: frames)
        if let failure = failure(words) { throw failure }
        try target.seal()
    }

    /// Leaves nothing behind, unless the file has got its name.
    func abandon() {
        encoder.abandon()
        target.abandon()
    }

    private func failure(_ words: String?) -> PipelineError? {
        if let code = output.failure {
            return .writingFailed(plan.path, code, after: output.length, isWhole: target.kind == .file)
        }
        return words.map {
            PipelineError(
                .inputOutput, at: shown(plan.path, output: true), "cannot encode \(plan.container.name)", cause: $0)
        }
    }
}
