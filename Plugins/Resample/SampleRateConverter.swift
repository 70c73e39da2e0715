internal import CSampleRate
package import SyrinxCore

/// How libsamplerate finds the values between samples.
package enum Interpolation: Sendable, Hashable {
    case sincBest
    case sincMedium
    case sincFastest
    case linear
    /// Every sample is held until the next.
    case hold

    /// How many input frames output instant 0 lies before input frame 0: the sinc filters are aligned, the two simple
    /// ones show a frame one input frame late.
    var inherentDelay: Int {
        switch self {
        case .sincBest, .sincMedium, .sincFastest: 0
        case .linear, .hold: 1
        }
    }

    /// How many input frames after the one at, or just before, an output's instant libsamplerate must hold before it
    /// tells that output.
    ///
    /// - Source: libsamplerate 0.2, `src_sinc.c`: a filter of `length` coefficients on one side, `density` of them to an
    ///   input frame, stretched where the rate falls. A test asks the library itself.
    package func reach(from inputRate: Int, to outputRate: Int) -> Int {
        guard let (length, density) = filter else { return max(0, leastInput - 1) }
        let stretch = max(1, Double(inputRate) / Double(outputRate))
        return Int((Double(length + 2) / Double(density) * stretch).rounded(.up)) + 1
    }

    /// The fewest input frames that the library may be given at once.
    ///
    /// With fewer, version 0.2.2 of the simple ones reads the frame before the first, which is not theirs
    /// (`src_linear.c`, `src_zoh.c`: the loop over the samples before the first ends too early).
    var leastInput: Int {
        switch self {
        case .sincBest, .sincMedium, .sincFastest: 0
        case .hold: 1
        case .linear: 2
        }
    }

    private var filter: (length: Int, density: Int)? {
        switch self {
        case .sincBest: (340_238, 2_381)
        case .sincMedium: (22_437, 491)
        case .sincFastest: (2_463, 128)
        case .linear, .hold: nil
        }
    }

    fileprivate var number: Int32 {
        switch self {
        case .sincBest: Int32(SRC_SINC_BEST_QUALITY)
        case .sincMedium: Int32(SRC_SINC_MEDIUM_QUALITY)
        case .sincFastest: Int32(SRC_SINC_FASTEST)
        case .linear: Int32(SRC_LINEAR)
        case .hold: Int32(SRC_ZERO_ORDER_HOLD)
        }
    }
}

/// One of libsamplerate's converters: owns the library's handle.
///
/// - Shape: interleaved frames in and out.
package struct SampleRateConverter: ~Copyable {
    /// The most channels that the library takes at once.
    static let mostChannels = 128
    /// The library's limits of r_out / r_in, both ways.
    static let largestRatio = 256

    private let state: OpaquePointer
    private let ratio: Double
    private let leastInput: Int

    /// - Throws: `.internal` if the library refuses, in its own words.
    /// - Thread: control. Allocates all that the library will ever need.
    package init(_ interpolation: Interpolation, channels: Int, ratio: Double) throws(PipelineError) {
        var code: Int32 = 0
        guard let state = src_new(interpolation.number, Int32(channels), &code) else {
            let words = src_strerror(code).map { String(cString: $0) }
            throw PipelineError(.internal, "libsamplerate gives no converter of \(channels) channels", cause: words)
        }
        self.state = state
        self.ratio = ratio
        leastInput = interpolation.leastInput
    }

    deinit { src_delete(state) }

    /// Converts as much as both sides allow.
    ///
    /// - Returns: how many frames were taken in and given out; none of both for fewer than ``Interpolation/leastInput``.
    /// - Thread: render, or control before it: one at a time.
    @_noLocks @_noAllocation
    package func process(
        _ input: UnsafePointer<Float>, frames inputFrames: Int, into output: UnsafeMutablePointer<Float>,
        frames outputFrames: Int
    ) -> (taken: Int, given: Int) {
        if inputFrames < leastInput { return (0, 0) }
        var data = SRC_DATA(
            data_in: input, data_out: output, input_frames: inputFrames, output_frames: outputFrames,
            input_frames_used: 0, output_frames_gen: 0, end_of_input: 0, src_ratio: ratio)
        let state = state
        // After src_new the library neither allocates nor locks (the heap probe's test holds it to that); an error code
        // is not possible with a checked ratio, and would show as a shortfall.
        let code = _unsafePerformance { src_process(state, &data) }
        return code == 0 ? (data.input_frames_used, data.output_frames_gen) : (0, 0)
    }

    /// Forgets all it has heard. Thread: as ``process(_:frames:into:frames:)``.
    @_noLocks @_noAllocation
    func reset() {
        let state = state
        // Clears the library's own memory, nothing else.
        _unsafePerformance { _ = src_reset(state) }
    }
}
