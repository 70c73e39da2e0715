internal import Glibc
internal import Synchronization
internal import SyrinxCore
internal import SyrinxDSP
internal import SyrinxRealtime
internal import SyrinxSoundFile

/// The thread behind ``FileSinkNode``: writes what the renderer hands over, and compresses it where the format does.
// SAFETY: the files are made by control before the thread starts, and belong to the thread from then on; the figures that
// others read are atomics.
final class FileSinkService: BlockingService, Reporter, @unchecked Sendable {
    private let plan: OutputPlan
    private let split: FileSplit?
    private let overwrites: Bool
    private let renderer: FileSinkRenderer
    private let bridge: FileBridge
    private let events: EventSender
    private let frameBytes: Int
    private var file: EncodedFile
    /// Files that are complete and wait for their names: flat out, all of them appear or none.
    private var complete: [OutputFile] = []

    private let frames = Atomic<Int>(0)
    private let files = Atomic<Int>(1)

    /// How many times a second the header is brought up to date under a clock; what waits in chunks is lost as well when the
    /// process is killed, and together it is less than a second.
    private static let headersPerSecond = 4

    /// - Parameter file: the first of them, as ``begin(_:_:at:in:_:)`` made it.
    init(
        _ plan: OutputPlan, _ split: FileSplit?, file: EncodedFile, overwrite: Bool, renderer: FileSinkRenderer,
        events: EventSender
    ) {
        self.plan = plan
        self.split = split
        overwrites = overwrite
        self.renderer = renderer
        self.events = events
        self.file = file
        bridge = renderer.bridge
        frameBytes = plan.channels * file.layout.width
    }

    deinit { abandon() }

    /// Leaves nothing behind but files that have their names.
    private func abandon() {
        file.abandon()
        for file in complete { file.abandon() }
    }

    func cancel() { bridge.cancel() }

    func run() throws(PipelineError) {
        // Whoever read a pipe may go away; that is an error number, not the end of the process.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        do {
            for part in split?.leftOvers() ?? [] { tell("part_found", part) }
            tellLeftOver()
            tellBegin()
            try work()
        } catch {
            bridge.fail()
            abandon()
            throw error
        }
    }

    private func work() throws(PipelineError) {
        let queue = bridge.queue
        let period = plan.rate / Self.headersPerSecond
        var headerDue = period
        while true {
            let hasFinished = renderer.hasFinished  // before looking: what it published by then is seen below
            if bridge.isCancelled {
                abandon()
                return
            }
            if let (chunk, count) = queue.chunkToDrain() {
                // The chunk is this thread's until it is given back.
                try write(UnsafeMutableRawPointer(mutating: chunk), frames: count)
                queue.giveBack()
                if queue.writableChunks >= bridge.half { bridge.driverBell.ring() }
                if bridge.isPaced, frames.load(ordering: .relaxed) >= headerDue {
                    file.updateHeader()
                    headerDue += period
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
        try finishFile()
        for file in complete { try file.commit() }
        complete = []
        if let older = split?.path(files.load(ordering: .relaxed) + 1), access(older, F_OK) == 0 {
            tell("older_file_found", older)
        }
    }

    private func write(_ bytes: UnsafeMutableRawPointer, frames count: Int) throws(PipelineError) {
        var done = 0
        while done < count {
            let room = split?.room(in: file) ?? .max
            if room == 0 {
                try beginNext()
                continue
            }
            let part = min(room, count - done)
            try file.write(bytes + done * frameBytes, frames: part)
            frames.add(part, ordering: .relaxed)
            done += part
        }
    }

    // MARK: Files

    /// Begins a file.
    ///
    /// - Throws: `.cannotCreate`.
    static func begin(
        _ plan: OutputPlan, _ split: FileSplit?, at firstFrame: Int, in target: OutputFile, _ cancellation: Cancellation
    ) throws(PipelineError) -> EncodedFile {
        var plan = plan
        plan.path = target.path
        if let split {
            plan.metadata = plan.metadata.moved(
                start: firstFrame, count: split.longest(rate: plan.rate), from: plan.rate, to: plan.rate)
        }
        return try EncodedFile(plan, to: target, firstFrame: firstFrame, isCancelled: { cancellation.isSet })
    }

    /// Closes the file: under a clock it gets its name at once, flat out when all are complete.
    private func finishFile() throws(PipelineError) {
        try file.finish()
        if bridge.isPaced { try file.target.commit() } else { complete.append(file.target) }
        guard split != nil else { return }
        tell(
            "file_end", file.plan.path,
            [.init("first_frame", .integer(file.firstFrame)), .init("frames", .integer(file.frames))])
    }

    private func beginNext() throws(PipelineError) {
        guard let split else { return }
        try finishFile()
        let number = files.add(1, ordering: .relaxed).newValue
        let target = try OutputFile(split.path(number), overwrite: overwrites, keepLeftOver: bridge.isPaced)
        file = try Self.begin(plan, split, at: frames.load(ordering: .relaxed), in: target, bridge.cancellation)
        tellLeftOver()
        tellBegin()
    }

    // MARK: Events

    private func tell(_ event: String, _ path: String, _ fields: [Value.Member] = []) {
        events(event, [.init("path", .string(path))] + fields)
    }

    private func tellBegin() {
        if split != nil { tell("file_begin", file.plan.path, [.init("first_frame", .integer(file.firstFrame))]) }
    }

    private func tellLeftOver() {
        switch file.target.leftOver {
        case .overwritten(let part): tell("part_overwritten", part)
        case .movedTo(let part): tell("part_found", part)
        case nil: break
        }
    }

    // MARK: Figures

    func figures() -> [(name: String, value: Value)] {
        let frames = frames.load(ordering: .relaxed)
        let peak = Double(Float(bitPattern: renderer.peak.load(ordering: .relaxed)))
        let files = files.load(ordering: .relaxed)
        return [
            ("path", .string(plan.path)), ("format", .string(plan.container.name)),
            ("subtype", .string(plan.subtype.name)), ("rate_hz", .integer(plan.rate)),
            ("channels", .integer(plan.channels)), ("frames", .integer(frames)),
            ("seconds", .number(Double(frames) / Double(plan.rate))),
            ("peak_dbfs", peak > 0 ? .number(20 * log10(peak)) : .null),
            ("clipped", .integer(renderer.clipped.load(ordering: .relaxed))),
            ("not_a_number", .integer(renderer.notNumbers.load(ordering: .relaxed))),
            ("dither", .string(plan.dithers ? "tpdf" : "none")),
            ("dropped", .integer(renderer.droppedFrames.load(ordering: .relaxed))),
        ] + (split != nil ? [("files", .integer(files))] : [])
    }
}
