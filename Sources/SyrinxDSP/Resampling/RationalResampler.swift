internal import CResampleKernels

/// Changes the rate of some channels by M / L, their table's ratio, sample by sample of an exact grid.
///
/// Output k shows the input at instant k · M / L − c, c whole; it is made of ``ResamplerTable/Key/taps`` inputs around that
/// instant, ``ResamplerTable/Key/reach`` of them after it. Frames count from where `begin` says; before the first input all
/// is silence. Inputs that are not finite count as silence.
///
/// - Thread: made on control; used by one thread at a time, which may render. Does not allocate.
package struct RationalResampler: ~Copyable {
    /// Which vectors of the machine the sums are made with; sums differ by rounding.
    package enum Vectors: Int32, Sendable, CaseIterable {
        case portable = 0
        case avx2 = 1
        case avx512 = 2

        /// The widest that this machine has.
        package static var widest: Vectors { Vectors(rawValue: syrinx_widest_vectors()) ?? .portable }
    }

    private let table: ResamplerTable
    private let channels: Int
    /// The filters that tell the outputs.
    private var bank: FilterBank
    /// Those that bring the input to n times the output's rate for `bank`, if there are such: one, or none.
    private let fore: UnsafeMutablePointer<FilterBank>?
    /// Room for what `fore` tells of a block, channel by channel.
    private let between: UnsafeMutablePointer<Float>
    private let betweenFrames: Int
    /// Numerator of the ratio, n, how far back the long filter looks, and numerator of the short filter's ratio.
    private let (inputStep, foreSteps, behind, foreAdvance): (Int, Int, Int, Int)

    /// - Parameters:
    ///   - table: made for `vectors`.
    ///   - backlog: the most frames between the beginning of an output's filter and the end of the input, before a block.
    ///   - largestInput: the most frames of a block.
    package init(
        _ table: ResamplerTable, channels: Int, backlog: Int, largestInput: Int, vectors: Vectors = .widest
    ) {
        self.table = table
        self.channels = channels
        (inputStep, foreSteps) = (table.key.inputStep, table.key.foreSteps)
        (behind, foreAdvance) = (table.bank.behind, table.fore?.advance ?? 0)
        guard let first = table.fore else {
            bank = FilterBank(
                table.bank, channels: channels, backlog: backlog, largestInput: largestInput, scratch: table.scratch,
                vectors: vectors.rawValue)
            (fore, between, betweenFrames) = (nil, .allocate(capacity: 1), 0)
            return
        }
        func toBetween(_ frames: Int) -> Int { (frames * first.phases + first.advance - 1) / first.advance + 1 }
        // At the beginning all that lies before the first input may be told at once.
        betweenFrames = toBetween(backlog + largestInput)
        between = .allocate(capacity: betweenFrames * channels)
        between.initialize(repeating: 0, count: betweenFrames * channels)
        fore = .allocate(capacity: 1)
        fore?.initialize(
            to: FilterBank(
                first, channels: channels, backlog: backlog, largestInput: largestInput, scratch: table.foreScratch,
                vectors: vectors.rawValue))
        for channel in 0..<channels { fore?.pointee.direct(channel, to: between + channel * betweenFrames) }
        bank = FilterBank(
            table.bank, channels: channels, backlog: toBetween(backlog), largestInput: betweenFrames, scratch: 0,
            vectors: vectors.rawValue)
    }

    deinit {
        fore?.deinitialize(count: 1)
        fore?.deallocate()
        between.deallocate()
    }

    /// Begins anew, with silence before input frame `next`.
    ///
    /// - Parameters:
    ///   - instant: of the next output, in L-th parts of an input frame: the first frame at or before it is `instant` / L,
    ///     rounded down. A multiple of M, for outputs lie on one grid.
    ///   - next: the input frame that will be appended first.
    @_noLocks @_noAllocation
    package mutating func begin(instant: Int, next: Int) {
        guard let fore else { return bank.begin(instant: instant, next: next) }
        // Between the two filters lie n samples an output, the k-th at instant k · M in (n · L)-th parts of an input frame, both in
        // lowest terms.
        let middle = instant / inputStep &* foreSteps
        let first = middle &+ 1 &- behind
        fore.pointee.begin(instant: first &* foreAdvance, next: next)
        bank.begin(instant: middle, next: first)
    }

    /// Makes room for `count` frames.
    @_noLocks @_noAllocation
    package mutating func reserve(_ count: Int) {
        if let fore { fore.pointee.reserve(count) } else { bank.reserve(count) }
    }

    /// Writes one channel's next frames behind what there is; ``reserve(_:)`` has made room. ``advance(_:)`` follows.
    @_noLocks @_noAllocation
    package func append(_ input: UnsafePointer<Float>, count: Int, channel: Int) {
        if let fore {
            fore.pointee.append(input, count: count, channel: channel)
        } else {
            bank.append(input, count: count, channel: channel)
        }
    }

    /// Counts the frames that all channels have got.
    @_noLocks @_noAllocation
    package mutating func advance(_ count: Int) {
        guard let fore else { return bank.advance(count) }
        fore.pointee.advance(count)
        let told = fore.pointee.convert(betweenFrames)
        bank.reserve(told)
        for channel in 0..<channels { bank.append(between + channel &* betweenFrames, count: told, channel: channel) }
        bank.advance(told)
    }

    /// Says where a channel's outputs go.
    @_noLocks @_noAllocation
    package func direct(_ channel: Int, to output: UnsafeMutablePointer<Float>) { bank.direct(channel, to: output) }

    /// Writes the next outputs of every channel, as many as the input allows and at most `count`.
    ///
    /// - Returns: how many.
    @_noLocks @_noAllocation
    package mutating func convert(_ count: Int) -> Int { bank.convert(count) }
}
