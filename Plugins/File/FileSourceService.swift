internal import Glibc
internal import Synchronization
internal import SyrinxCore
internal import SyrinxDSP
internal import SyrinxRealtime

/// The thread behind ``FileSourceNode``: reads ahead of the renderer, chunk by chunk, and decodes what is compressed.
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
        figure = (input.frames, input.path)
    }

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
        var reader = RegionReader(
            input, start: start, count: count, loops: loops, layout: renderer.layout, reopen: reopen)
        let queue = bridge.queue
        while !bridge.isCancelled {
            guard let chunk = queue.chunkToFill() else {
                bridge.serviceWait { queue.writableChunks > 0 || bridge.isCancelled }
                continue
            }
            let frames = try reader.fill(chunk, frames: queue.chunkFrames, atOnce: bridge.isPaced)
            if bridge.isCancelled { return }
            if frames > 0 {
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
    /// Set: frames are handed on as they lie in the file.
    private let layout: PCMLayout?
    /// Frames of this turn that were read; nil before its first.
    private var turn: Int?
    /// Frames of all turns.
    private(set) var delivered = 0
    private(set) var isAtEnd = false
    /// A whole turn, where it is short enough to be kept: channel c begins at c · ``longestKept``.
    private var whole: [Float] = []
    private var keeps: Bool
    private var wholeFrames: Int?

    init(
        _ input: AudioInput, start: Int, count: Int?, loops: Bool, layout: PCMLayout?,
        reopen: @escaping @Sendable () throws(PipelineError) -> AudioInput
    ) {
        self.input = input
        self.layout = layout
        self.start = start
        self.count = count
        self.loops = loops
        self.reopen = reopen
        keeps = loops
    }

    /// Frames of a turn that is kept at most.
    private var longestKept: Int { (1 << 18) / input.channels }

    /// Fills a chunk: up to `stride` frames; fewer only at the end, or with `atOnce`.
    ///
    /// - Shape: channel c of frame k goes to `chunk[c · stride + k]`, or where its place is in interleaved bytes.
    mutating func fill(
        _ chunk: UnsafeMutablePointer<Float>, frames stride: Int, atOnce: Bool
    ) throws(PipelineError) -> Int {
        var done = 0
        while done < stride, !isAtEnd {
            let place =
                layout.map { UnsafeMutableRawPointer(chunk) + done * $0.width * input.channels }
                ?? UnsafeMutableRawPointer(chunk + done)
            let taken = try step(place, stride: stride, count: stride - done, atOnce: atOnce)
            done += taken
            if atOnce, taken > 0 { break }
        }
        delivered += done
        return done
    }

    private mutating func step(
        _ place: UnsafeMutableRawPointer, stride: Int, count wanted: Int, atOnce: Bool
    ) throws(PipelineError) -> Int {
        if turn == nil {
            try goToStart()
            turn = 0
        }
        let position = turn ?? 0
        let planes = place.assumingMemoryBound(to: Float.self)
        if let wholeFrames {
            let taken = min(wanted, wholeFrames - position)
            whole.withUnsafeBufferPointer { kept in
                for channel in 0..<input.channels {
                    let from = kept.baseAddress! + channel * longestKept + position
                    (planes + channel * stride).update(from: from, count: taken)
                }
            }
            turn = (position + taken) % wholeFrames
            return taken
        }
        let limit = min(wanted, count.map { $0 - position } ?? .max)
        let taken: Int
        if limit <= 0 {
            taken = 0
        } else if layout != nil {
            taken = input.read(place, count: limit)
        } else {
            taken = try input.read(planes, stride: stride, count: limit, atOnce: atOnce)
        }
        turn = position + taken
        if keeps { keep(planes, stride: stride, from: position, count: taken) }
        if taken == 0 || position + taken == count { try endTurn(frames: position + taken) }
        return taken
    }

    private mutating func keep(_ planes: UnsafePointer<Float>, stride: Int, from position: Int, count: Int) {
        if position + count > longestKept {
            (keeps, whole) = (false, [])
            return
        }
        if whole.isEmpty { whole = [Float](repeating: 0, count: longestKept * input.channels) }
        for channel in 0..<input.channels {
            let first = channel * longestKept + position
            whole.replaceSubrange(
                first..<first + count, with: UnsafeBufferPointer(start: planes + channel * stride, count: count))
        }
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
            let taken = try input.read(room, stride: input.largestChunk, count: min(left, input.largestChunk))
            if taken == 0 { break }
            left -= taken
        }
    }
}
