internal import SyrinxRealtime

/// Samples on their way into a ring, which has not always room for them.
///
/// - Thread: the ring's writer; all members.
struct WaitingSamples {
    /// What comes is added at the end. Those before `first` have gone.
    var samples: [Float] = []
    private var first = 0

    /// How many wait.
    var count: Int { samples.count - first }
    /// Those that wait.
    var rest: ArraySlice<Float> { samples[first...] }

    /// Takes others in the place of those that wait.
    mutating func replace(with others: [Float] = []) {
        samples = others
        first = 0
    }

    /// Copies as many as the ring's next run holds; `didWrite` follows.
    ///
    /// - Returns: them, as they lie in the ring; empty: there is no room, or none waits.
    mutating func copyRun(into ring: SampleRing.Ends) -> Slice<UnsafeMutableBufferPointer<Float>> {
        let run = ring.writableRun()
        let copied = min(run.count, count)
        for k in 0..<copied { run[k] = samples[first + k] }
        first += copied
        if first == samples.count {
            samples.removeAll(keepingCapacity: true)
            first = 0
        }
        return run[..<copied]
    }
}
