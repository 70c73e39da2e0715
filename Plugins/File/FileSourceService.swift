internal import Glibc
internal import Synchronization
internal import SyrinxCore
internal import SyrinxDSP
internal import SyrinxRealtime

/// The thread behind ``FileSourceNode``: decodes ahead of the renderer, chunk by chunk.
// SAFETY: the input and the buffers belong to the thread that runs the service; the figures are atomics.
final class FileSourceService: BlockingService, Reporter, @unchecked Sendable {
    private let input: AudioInput
    private let reopen: @Sendable () throws(PipelineError) -> AudioInput
    /// The first frame, and how many; nil: to the end.
    private let start: Int
    private let count: Int?
    private let loops: Bool
    private let renderer: FileSourceRenderer
    private let bridge: FileBridge
    private let events: EventSender
    /// One chunk, interleaved.
    private let samples: UnsafeMutablePointer<Float>
    private let figure: (frames: Int?, path: String)

    init(
        _ input: AudioInput, reopen: @escaping @Sendable () throws(PipelineError) -> AudioInput, start: Int,
        count: Int?,
        loops: Bool, renderer: FileSourceRenderer, events: EventSender
    ) {
        self.input = input
        self.reopen = reopen
        self.start = start
        self.count = count
        self.loops = loops
        self.renderer = renderer
        self.bridge = renderer.bridge
        self.events = events
        samples = .allocate(capacity: bridge.queue.chunkFrames * input.channels)
        figure = (input.frames, input.path)
    }

    deinit { samples.deallocate() }

    func cancel() {
        bridge.cancel()
        input.cancel()
    }

    func run() throws(PipelineError) {
        do {
            if input.missingFrames > 0 {
                events(
                    "truncated",
                    [.init("path", .string(input.path)), .init("missing_frames", .integer(input.missingFrames))])
            }
            try work()
        } catch {
            bridge.fail()
            throw error
        }
    }

    private func work() throws(PipelineError) {
        var reader = RegionReader(input, start: start, count: count, loops: loops, reopen: reopen)
        let queue = bridge.queue
        while !bridge.isCancelled {
            guard let chunk = queue.chunkToFill() else {
                bridge.serviceWait { queue.writableChunks > 0 || bridge.isCancelled }
                continue
            }
            let frames = try reader.fill(samples, count: queue.chunkFrames, atOnce: bridge.isPaced)
            if bridge.isCancelled { return }
            if frames > 0 {
                deinterleave(samples, channels: queue.channels, count: frames, into: chunk, stride: queue.chunkFrames)
                queue.publish(frames: frames)
                renderer.publishedFrames.add(frames, ordering: .releasing)
            }
            if reader.isAtEnd {
                renderer.totalFrames.store(renderer.publishedFrames.load(ordering: .relaxed), ordering: .releasing)
                bridge.driverBell.ring()
                tellShort(reader)
                return
            }
            if queue.readableChunks >= bridge.half { bridge.driverBell.ring() }
        }
    }

    /// Tells that a file holds fewer frames than it says, which only reading shows.
    private func tellShort(_ reader: borrowing RegionReader) {
        guard let count, !loops, input.frames != nil, reader.delivered < count else { return }
        var fields: [Value.Member] = [
            .init("path", .string(input.path)), .init("missing_frames", .integer(count - reader.delivered)),
        ]
        if let words = input.failure { fields.append(.init("cause", .string(words))) }
        events("truncated", fields)
    }

    func figures() -> [(name: String, value: Value)] {
        [
            ("path", .string(figure.path)),
            ("frames", .integer(renderer.publishedFrames.load(ordering: .relaxed))),
            ("total_frames", loops ? .null : (count ?? figure.frames).map(Value.integer) ?? .null),
            ("starved", .integer(renderer.starvedFrames.load(ordering: .relaxed))),
        ]
    }
}

/// Reads the part of a file that was asked for, once or again and again.
struct RegionReader: ~Copyable {
    private var input: AudioInput
    private let reopen: @Sendable () throws(PipelineError) -> AudioInput
    private let start: Int
    /// nil: to the end.
    private let count: Int?
    private let loops: Bool
    /// Frames of this turn that were read; nil before its first.
    private var turn: Int?
    /// Frames of all turns.
    private(set) var delivered = 0
    private(set) var isAtEnd = false
    /// A whole turn, where it is short enough to be kept.
    private var whole: [Float] = []
    private var keeps: Bool
    private var wholeFrames: Int?

    init(
        _ input: AudioInput, start: Int, count: Int?, loops: Bool,
        reopen: @escaping @Sendable () throws(PipelineError) -> AudioInput
    ) {
        self.input = input
        self.start = start
        self.count = count
        self.loops = loops
        self.reopen = reopen
        keeps = loops
    }

    /// Reads up to `count` frames; fewer only at the end, or with `atOnce`.
    mutating func fill(_ samples: UnsafeMutablePointer<Float>, count wanted: Int, atOnce: Bool) throws(PipelineError)
        -> Int
    {
        var done = 0
        while done < wanted, !isAtEnd {
            let taken = try step(samples + done * input.channels, count: wanted - done, atOnce: atOnce)
            done += taken
            if atOnce, taken > 0 { break }
        }
        delivered += done
        return done
    }

    private mutating func step(
        _ samples: UnsafeMutablePointer<Float>, count wanted: Int, atOnce: Bool
    ) throws(PipelineError) -> Int {
        if turn == nil {
            try goToStart()
            turn = 0
        }
        let position = turn ?? 0
        if let wholeFrames {
            let taken = min(wanted, wholeFrames - position)
            whole.withUnsafeBufferPointer { kept in
                samples.update(from: kept.baseAddress! + position * input.channels, count: taken * input.channels)
            }
            turn = (position + taken) % wholeFrames
            return taken
        }
        let limit = min(wanted, count.map { $0 - position } ?? .max)
        let taken = limit > 0 ? try input.read(samples, count: limit, atOnce: atOnce) : 0
        turn = position + taken
        if keeps {
            if (position + taken) * input.channels <= 1 << 18 {
                whole += UnsafeBufferPointer(start: samples, count: taken * input.channels)
            } else {
                (keeps, whole) = (false, [])
            }
        }
        if taken == 0 || position + taken == count { try endTurn(frames: position + taken) }
        return taken
    }

    /// The file's end, or that of what was asked for.
    private mutating func endTurn(frames: Int) throws(PipelineError) {
        if !loops || frames == 0 {
            isAtEnd = true  // a loop of nothing is silence
        } else if keeps {
            (wholeFrames, turn) = (frames, 0)
        } else {
            turn = nil
        }
    }

    private mutating func goToStart() throws(PipelineError) {
        // A decoder with a memory is made afresh, so that every turn sounds the same.
        if delivered > 0, !input.isSampleExact { input = try reopen() }
        if start == 0 && (delivered == 0 || !input.isSampleExact) || input.seek(to: start) { return }
        let room = UnsafeMutablePointer<Float>.allocate(capacity: input.largestChunk * input.channels)
        defer { room.deallocate() }
        var left = start
        while left > 0 {
            let taken = try input.read(room, count: min(left, input.largestChunk))
            if taken == 0 { break }
            left -= taken
        }
    }
}
