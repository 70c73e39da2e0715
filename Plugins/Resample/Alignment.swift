internal import SyrinxCore

/// Where a converter's output lies in time, in whole numbers.
///
/// The converter numbers its own frames from 0; its output k shows its input at k · r_in / r_out − `inherentDelay`. The
/// streams number theirs from the run's start, and the output is to be late by `totalLatency` of its own frames, the
/// input's own lateness included. Both hold for every frame if the converter's input 0 is the stream's frame `s` and its
/// output 0 the stream's frame `c`, where
///
///     s = inherentDelay + inputLatency + n · r_in / g,   c = totalLatency + n · r_out / g,   g = gcd(r_in, r_out)
///
/// for any whole n. The frames between `s` and the first that comes are silence that the converter is given beforehand
/// (priming), and the outputs between `c` and the first that is asked for are thrown away. So the latency is the least
/// that the look-ahead allows, for any two rates.
package struct Alignment: Sendable, Hashable {
    /// How a converter begins.
    package struct Start: Sendable, Hashable {
        /// Frames of silence that the converter is given first. At least 1.
        package var primed: Int
        /// How many of its first outputs are thrown away.
        package var dropped: Int
    }

    let inputRate: Int
    let outputRate: Int
    package let inputLatency: Int
    let inherentDelay: Int
    /// r_in / g and r_out / g.
    private let inputStep: Int
    private let outputStep: Int
    /// How late the output is in all, in its own frames.
    package let totalLatency: Int

    /// How many input frames the converter and its queue hold at most between two blocks.
    let backlog: Int

    /// - Parameter reach: ``Interpolation/reach(from:to:)``. Why it never starves: a slice that ends at instant T brings
    ///   all input before T and asks for outputs before T. The output at instant t < T shows what the input had at t −
    ///   (reach + inherentDelay) / r_in or earlier, so the converter needs input frame floor(t · r_in) at most, and that
    ///   frame lies before T.
    package init(inputRate: Int, outputRate: Int, inputLatency: Int, reach: Int, inherentDelay: Int) {
        self.inputRate = inputRate
        self.outputRate = outputRate
        self.inputLatency = inputLatency
        self.inherentDelay = inherentDelay
        totalLatency = Rational(frames: inputLatency + reach + inherentDelay, rate: inputRate).frame(atRate: outputRate)
        let ratio = Rational(Int128(inputRate), over: Int128(outputRate))
        (inputStep, outputStep) = (Int(ratio.numerator), Int(ratio.denominator))
        backlog = reach + inherentDelay + 2 * (inputRate / outputRate + 1) + 2
    }

    /// The node's share of ``totalLatency``, in output frames.
    var latency: Rational {
        Rational(Int128(totalLatency)) - Rational(Int128(inputLatency) * Int128(outputRate), over: Int128(inputRate))
    }

    /// How to begin at a slice whose first frames are `input` and `output`, counted since the run began.
    @_noLocks @_noAllocation
    package func start(input: Int, output: Int) -> Start {
        // The latest n with at least one frame to prime, for the simple interpolations begin with their first frame, and
        // with no output asked for that lies before the converter's first.
        let n = min(
            floor(input - 1 - inherentDelay - inputLatency, over: inputStep),
            floor(output - totalLatency, over: outputStep))
        return Start(
            primed: input - (inherentDelay + inputLatency + n * inputStep),
            dropped: output - (totalLatency + n * outputStep))
    }

    /// What an output frame shows, in ``outputStep``-th parts of an input frame; input frames count from the one that is
    /// late by nothing, so frame 0 here is the stream's frame ``inputLatency``.
    @_noLocks @_noAllocation
    package func instant(ofOutput frame: Int) -> Int { (frame - totalLatency) * inputStep - inherentDelay * outputStep }

    /// The largest whole number that is not above a / b; b is positive.
    @_noLocks @_noAllocation
    private func floor(_ a: Int, over b: Int) -> Int { a >= 0 ? a / b : -((b - 1 - a) / b) }
}
