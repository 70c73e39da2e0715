internal import CResampleKernels

/// The samples that a bank of filters works on, and where it stands in them.
///
/// Frames count from the front of the memory; what stays of old ones is moved there once in a while. Memory never holds anything
/// that is not finite, for vectors reach beyond a filter's end, where nothing but zero may come out of a product.
///
/// - Thread: made on control; used by one thread at a time, which may render. Does not allocate.
struct FilterBank: ~Copyable {
    private let bank: syrinx_bank
    private let channels: Int
    private let vectors: Int32
    /// Lines of a channel's memory, the floats of each, how many frames go by from one to the next, and floats of a channel.
    private let lines: Int
    private let line: Int
    private let step: Int
    private let capacity: Int
    /// The samples, and ``front`` floats before them, into which the kernel looks.
    private let memory: UnsafeMutableRawPointer
    private let samples: UnsafeMutablePointer<Float>
    private static let front = 16
    private let scratch: UnsafeMutableRawPointer
    /// For each channel, where its samples and its outputs lie.
    private let sources: UnsafeMutablePointer<UnsafePointer<Float>?>
    private let targets: UnsafeMutablePointer<UnsafeMutablePointer<Float>?>
    /// Frames in memory, silence before the first input included.
    private var filled = 0
    private var place = syrinx_bank_place(frame: 0, phase: 0, row: 0)

    /// Frames that are written at most, of those that the memory holds.
    private let writable: Int
    /// Frames before the next output's filter that the kernel reads, too.
    private let before: Int

    /// - Parameters:
    ///   - backlog: the most frames between the beginning of an output's filter and the end of the input, before a block.
    ///   - largestInput: the most frames of a block.
    ///   - scratch: bytes for rows that are found between others.
    init(_ bank: syrinx_bank, channels: Int, backlog: Int, largestInput: Int, scratch: Int, vectors: Int32) {
        self.bank = bank
        self.channels = channels
        self.vectors = vectors
        (lines, step) = bank.streams > 0 ? (4 * bank.streams, 2 * bank.streams) : (1, 1)
        before = bank.columns > 0 ? 32 : 0
        // As much again as must stay: what stays is moved to the front once in so many frames.
        writable = 2 * (backlog + before) + 16 + step + largestInput
        // The kernel reads up to three vectors beyond what a filter needs.
        line = (writable / step + 64 + 15) / 16 * 16
        capacity = line * lines
        memory = .allocate(byteCount: (Self.front + capacity * channels) * 4, alignment: 64)
        samples = memory.bindMemory(to: Float.self, capacity: Self.front + capacity * channels) + Self.front
        (samples - Self.front).initialize(repeating: 0, count: Self.front + capacity * channels)
        self.scratch = .allocate(byteCount: max(64, scratch), alignment: 64)
        sources = .allocate(capacity: channels)
        targets = .allocate(capacity: channels)
        for channel in 0..<channels {
            (sources + channel).initialize(to: UnsafePointer(samples + channel * capacity))
            (targets + channel).initialize(to: nil)
        }
    }

    deinit {
        memory.deallocate()
        scratch.deallocate()
        sources.deallocate()
        targets.deallocate()
    }

    /// Begins anew, with silence before input frame `next`.
    ///
    /// - Parameter instant: of the next output, in L-th parts of an input frame.
    @_noLocks @_noAllocation
    mutating func begin(instant: Int, next: Int) {
        let (frame, phase) = divide(instant, by: bank.phases)
        let first = frame &+ 1 &- bank.behind
        // Memory begins where 16 divides an instant's frame: so lanes hold the same samples wherever the stream begins, and the
        // pairs of place and row are the table's. Of streams it begins at odd multiples of their number: so pairs of outputs, too,
        // are the same ones, and the same input completes both where blocks are even multiples.
        let streams = bank.streams
        let origin =
            streams > 0
            ? divide(first &- streams, by: step).0 &* step &+ streams : first &- (frame & 15) &- before
        filled = min(max(next &- origin, 0), writable)
        samples.update(repeating: 0, count: capacity &* channels)
        place.frame = first &- origin
        place.phase = phase
        if bank.columns > 0 {
            place.row = phase &* bank.inverse % bank.phases
        } else if bank.grid > 0 {
            place.row = ((frame & (bank.lanes &- 1)) &* bank.phases &+ phase) / bank.grid
        }
    }

    /// Makes room for `count` frames.
    @_noLocks @_noAllocation
    mutating func reserve(_ count: Int) {
        guard filled &+ count > writable else { return }
        let gone = bank.streams > 0 ? place.frame / step &* step : (place.frame &- before) & ~15
        let (from, kept) = (gone / step, max(0, (filled &- gone &+ step &- 1) / step))
        for index in 0..<channels &* lines {
            let start = samples + index &* line
            // Towards the front, so ascending.
            for frame in 0..<kept { start[frame] = start[from &+ frame] }
        }
        filled = max(0, filled &- gone)
        place.frame &-= gone
    }

    /// Writes one channel's next frames behind what there is; ``reserve(_:)`` has made room. ``advance(_:)`` follows.
    @_noLocks @_noAllocation
    func append(_ input: UnsafePointer<Float>, count: Int, channel: Int) {
        let (start, filled, streams, line) = (samples + channel &* capacity, filled, bank.streams, line)
        let vectors = vectors
        // Plain arithmetic of ours: it calls nothing.
        _unsafePerformance { syrinx_bank_append(input, start, filled, count, streams, line, vectors) }
    }

    /// Counts the frames that all channels have got.
    @_noLocks @_noAllocation
    mutating func advance(_ count: Int) { filled &+= count }

    /// Says where a channel's outputs go.
    @_noLocks @_noAllocation
    func direct(_ channel: Int, to output: UnsafeMutablePointer<Float>) { targets[channel] = output }

    /// Writes the next outputs of every channel, as many as the input allows and at most `count`.
    ///
    /// - Returns: how many.
    @_noLocks @_noAllocation
    mutating func convert(_ count: Int) -> Int {
        let room = filled &- bank.taps &- place.frame
        if room < 0 || count <= 0 { return 0 }
        // The last output's filter begins at most `room` frames after the next one's.
        let there = ((room &+ 1) &* bank.phases &- place.phase &+ bank.advance &- 1) / bank.advance
        let made = min(count, there)
        var (bank, next) = (bank, place)
        let (sources, targets, scratch, line) = (sources, targets, scratch, line)
        let (channels, vectors) = (channels, vectors)
        // Plain arithmetic of ours: it calls nothing.
        _unsafePerformance {
            syrinx_bank_run(&bank, &next, sources, line, targets, channels, made, scratch, vectors)
        }
        place = next
        return made
    }

    /// a / b rounded down, and the rest.
    @_noLocks @_noAllocation
    private func divide(_ a: Int, by b: Int) -> (Int, Int) {
        let (quotient, rest) = a.quotientAndRemainder(dividingBy: b)
        return rest < 0 ? (quotient &- 1, rest &+ b) : (quotient, rest)
    }
}
