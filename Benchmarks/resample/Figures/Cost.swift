import Glibc
import SyrinxDSP

/// What converting stereo costs on one thread.
struct Cost {
    /// CPU time a frame of the output, ns: the least of some rounds.
    static func perFrame(
        from input: Int, to output: Int, _ quality: ResamplerQuality, block: Int, rounds: Int = 5
    ) -> Double {
        // Made before, as all who convert alike share it.
        let table = ResamplerTable.shared(.init(inputRate: input, outputRate: output, quality: quality))
        return (0..<rounds).map { _ in
            let start = now(CLOCK_THREAD_CPUTIME_ID)
            let made = run(input, output, table, block: block, calls: 400_000 * input / output / block) {}
            return (now(CLOCK_THREAD_CPUTIME_ID) - start) / Double(made)
        }.min() ?? 0
    }

    /// Calls of 64 input frames, µs, the clock's own reading included: median and what one in a thousand exceeds, by the time on
    /// the wall and by the thread's own; of both the median of some rounds, as what else runs on the machine comes in bursts.
    ///
    /// What the call does depends on its place in 64 · M inputs, and is the same each time round: of each kind the least of all
    /// rounds counts for `evenness`, the dearest kind over the mean, so that what else runs on the machine is left out.
    struct Calls {
        var wall = (median: 0.0, rare: 0.0)
        var own = (median: 0.0, rare: 0.0)
        var evenness = 0.0
    }

    static func calls(from input: Int, to output: Int, _ quality: ResamplerQuality) -> Calls {
        let table = ResamplerTable.shared(.init(inputRate: input, outputRate: output, quality: quality))
        // The processor at its pace, and all memory touched.
        _ = run(input, output, table, block: 64, calls: 20_000) {}
        func times(_ clock: clockid_t) -> [Double] {
            var times: [Double] = []
            times.reserveCapacity(60_000)
            var last = 0.0
            _ = run(input, output, table, block: 64, calls: 60_000) {
                let here = now(clock)
                if last > 0 { times.append(here - last) }
                last = now(clock)
            }
            return times
        }
        func shares(_ times: [Double]) -> (median: Double, rare: Double) {
            let sorted = times.sorted()
            return (sorted[sorted.count / 2] / 1_000, sorted[sorted.count * 999 / 1_000] / 1_000)
        }
        func middle(_ rounds: [(median: Double, rare: Double)]) -> (median: Double, rare: Double) {
            (rounds.map(\.median).sorted()[rounds.count / 2], rounds.map(\.rare).sorted()[rounds.count / 2])
        }
        var calls = Calls()
        calls.wall = middle((0..<5).map { _ in shares(times(CLOCK_MONOTONIC)) })
        let rounds = (0..<5).map { _ in times(CLOCK_THREAD_CPUTIME_ID) }
        calls.own = middle(rounds.map(shares))
        let common = greatestCommonDivisor(input, output)
        let kinds = min(input / common, 4_800)
        var least = [Double](repeating: .infinity, count: kinds)
        for round in rounds {
            for (index, time) in round.enumerated() { least[index % kinds] = min(least[index % kinds], time) }
        }
        calls.evenness = (least.max() ?? 0) / (least.reduce(0, +) / Double(kinds))
        return calls
    }

    private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
        b == 0 ? a : greatestCommonDivisor(b, a % b)
    }

    private static func now(_ clock: Int32) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }

    /// - Returns: how many frames came out.
    private static func run(
        _ input: Int, _ output: Int, _ table: ResamplerTable, block: Int, calls: Int, _ between: () -> Void
    ) -> Int {
        var resampler = RationalResampler(table, channels: 2, backlog: 2 * table.key.taps, largestInput: block)
        var random: UInt32 = 1
        let noise = (0..<block).map { _ -> Float in
            random = random &* 1_664_525 &+ 1_013_904_223
            return Float(random >> 8) / 16_777_216 - 0.5
        }
        let most = block * output / input + 2
        let results = (0..<2).map { _ in UnsafeMutablePointer<Float>.allocate(capacity: most) }
        defer { for result in results { result.deallocate() } }
        resampler.begin(instant: 0, next: 0)
        var made = 0
        for _ in 0..<calls {
            resampler.reserve(block)
            for channel in 0..<2 { resampler.append(noise, count: block, channel: channel) }
            resampler.advance(block)
            for channel in 0..<2 { resampler.direct(channel, to: results[channel]) }
            made += resampler.convert(most)
            between()
        }
        return made
    }
}
