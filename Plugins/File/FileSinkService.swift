internal import Glibc
internal import Synchronization
internal import SyrinxCore
internal import SyrinxDSP
internal import SyrinxRealtime

/// The thread behind ``FileSinkNode``: interleaves, converts, encodes and writes what the renderer hands over.
// SAFETY: file, output and encoder are made by control before the thread starts, and belong to the thread from then on;
// the figures that others read are atomics.
final class FileSinkService: BlockingService, Reporter, @unchecked Sendable {
    private let plan: OutputPlan
    private let renderer: FileSinkRenderer
    private let bridge: FileBridge
    private let events: EventSender
    private let file: OutputFile
    private let output: ByteOutput
    private let encoder: AudioEncoder
    /// One chunk, interleaved.
    private let samples: UnsafeMutablePointer<Float>

    private let frames = Atomic<Int>(0)
    private let clipped = Atomic<Int>(0)
    private let notNumbers = Atomic<Int>(0)
    /// Bits of the largest magnitude so far.
    private let peak = Atomic<UInt32>(0)

    /// Creates the output and its encoder.
    ///
    /// - Throws: `.cannotCreate`.
    init(
        _ plan: OutputPlan, file: OutputFile, renderer: FileSinkRenderer, events: EventSender
    ) throws(PipelineError) {
        self.plan = plan
        self.file = file
        self.renderer = renderer
        self.events = events
        let bridge = renderer.bridge
        self.bridge = bridge
        output = ByteOutput(file) { bridge.isCancelled }
        encoder = try AudioEncoder(plan, to: output, largestChunk: bridge.queue.chunkFrames)
        samples = .allocate(capacity: bridge.queue.chunkFrames * plan.channels)
    }

    deinit {
        abandon()
        samples.deallocate()
    }

    /// Leaves nothing behind, unless the file was finished.
    private func abandon() {
        encoder.abandon()
        file.abandon()
    }

    func cancel() { bridge.cancel() }

    func run() throws(PipelineError) {
        // Whoever read a pipe may go away; that is an error number, not the end of the process.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        do {
            tellLeftOver()
            try work()
        } catch {
            bridge.fail()
            abandon()
            throw error
        }
    }

    private func work() throws(PipelineError) {
        let queue = bridge.queue
        var headerDue = plan.rate
        while true {
            let hasFinished = renderer.hasFinished  // before looking: what it published by then is seen below
            if bridge.isCancelled {
                abandon()
                return
            }
            if let (planes, count) = queue.chunkToDrain() {
                interleave(
                    planes, stride: queue.chunkFrames, channels: queue.channels, count: count, into: samples)
                queue.giveBack()
                if queue.writableChunks >= bridge.half { bridge.driverBell.ring() }
                try write(frames: count)
                if bridge.isPaced, frames.load(ordering: .relaxed) >= headerDue {
                    encoder.updateHeader()
                    headerDue += plan.rate
                }
            } else if hasFinished {
                break
            } else {
                let wanted = bridge.isPaced ? 1 : bridge.half
                bridge.serviceWait {
                    queue.readableChunks >= wanted || renderer.hasFinished || bridge.isCancelled
                }
            }
        }
        let words = encoder.finish(frames: frames.load(ordering: .relaxed))
        if let failure = failure(words) { throw failure }
        try file.commit()
    }

    private func write(frames count: Int) throws(PipelineError) {
        let (highest, nans) = inspect(samples, count: count * plan.channels)
        if highest.bitPattern > peak.load(ordering: .relaxed) { peak.store(highest.bitPattern, ordering: .relaxed) }
        if nans > 0 { notNumbers.add(nans, ordering: .relaxed) }
        let isWritten = encoder.write(samples, frames: count)
        clipped.store(encoder.clipped, ordering: .relaxed)
        frames.add(count, ordering: .relaxed)
        if let failure = failure(isWritten ? nil : "the encoder stopped") { throw failure }
    }

    private func failure(_ words: String?) -> PipelineError? {
        if let code = output.failure {
            return .writingFailed(plan.path, code, after: output.length, isWhole: file.kind == .file)
        }
        return words.map {
            PipelineError(
                .inputOutput, at: shown(plan.path, output: true), "cannot encode \(plan.container.name)", cause: $0)
        }
    }

    private func tellLeftOver() {
        switch file.leftOver {
        case .overwritten(let part):
            events("part_overwritten", [.init("path", .string(part))])
        case .movedTo(let part):
            events("part_found", [.init("path", .string(part))])
        case nil: break
        }
    }

    // MARK: Figures

    func figures() -> [(name: String, value: Value)] {
        let frames = frames.load(ordering: .relaxed)
        let peak = Double(Float(bitPattern: peak.load(ordering: .relaxed)))
        return [
            ("path", .string(plan.path)), ("format", .string(plan.container.name)),
            ("subtype", .string(plan.subtype.name)), ("rate_hz", .integer(plan.rate)),
            ("channels", .integer(plan.channels)), ("frames", .integer(frames)),
            ("seconds", .number(Double(frames) / Double(plan.rate))),
            ("peak_dbfs", peak > 0 ? .number(20 * log10(peak)) : .null),
            ("clipped", .integer(clipped.load(ordering: .relaxed))),
            ("not_a_number", .integer(notNumbers.load(ordering: .relaxed))),
            ("dither", .string(plan.dithers ? "tpdf" : "none")),
            ("dropped", .integer(renderer.droppedFrames.load(ordering: .relaxed))),
        ]
    }
}
