internal import Glibc
internal import VoicePlugin

/// One probability for every whole window of a signal.
func probabilities(_ network: SileroNetwork, _ signal: [Float]) -> [Float] {
    // A window's probability stands `delay` samples after its end.
    let padded = signal + [Float](repeating: 0, count: network.delay)
    let hop = SileroNetwork.hop
    var result: [Float] = []
    padded.withUnsafeBufferPointer { samples in
        for index in 0..<padded.count / hop {
            let probability = network.feed(samples.baseAddress! + index * hop)
            let end = (index + 1) * hop - network.delay
            if end > 0, end % SileroNetwork.window == 0 { result.append(probability) }
        }
    }
    return result
}

/// This thread's processor time in nanoseconds.
func processorTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}

/// The median of some figures.
func median(_ figures: [Double]) -> Double { figures.sorted()[figures.count / 2] }

/// Prints what a window costs, and how evenly its cost is spread over cycles of 64 frames at 16 and 48 kHz.
///
/// A cycle's cost is the median over all windows of the cycle at the same place in the pattern, so that interruptions by the
/// system do not show.
func printCost(_ network: SileroNetwork, _ signal: [Float]) {
    let hop = SileroNetwork.hop
    let windows = signal.count / SileroNetwork.window
    signal.withUnsafeBufferPointer { samples in
        let start = samples.baseAddress!
        var rounds: [Double] = []
        for _ in 0..<20 {
            network.reset()
            let began = processorTime()
            for index in 0..<windows * SileroNetwork.window / hop { _ = network.feed(start + index * hop) }
            rounds.append((processorTime() - began) / Double(windows))
        }
        print("window_ns \(median(rounds))")
        print("delay_samples \(network.delay)")

        for rate in [16_000, 48_000] {
            // So many cycles of 64 frames make three windows at most, and then their hops lie as before.
            let period = rate == 16_000 ? 8 : 24
            let cycles = windows * SileroNetwork.window * (rate / 16_000) / 64
            var places = [[Double]](repeating: [], count: period)
            var overhead: [Double] = []
            for _ in 0..<1000 {
                let began = processorTime()
                overhead.append(processorTime() - began)
            }
            let clock = median(overhead)
            network.reset()
            var done = 0
            for cycle in 0..<cycles {
                let due = (cycle + 1) * 64 * 16_000 / rate / hop
                let began = processorTime()
                while done < due {
                    _ = network.feed(start + done * hop)
                    done += 1
                }
                // The first window has less to do.
                if cycle >= 2 * period { places[cycle % period].append(processorTime() - began - clock) }
            }
            let costs = places.map(median)
            let mean = costs.reduce(0, +) / Double(period)
            print("cycle_\(rate)_mean_ns \(mean)")
            print("cycle_\(rate)_max_ns \(costs.max()!)")
            print("cycle_\(rate)_max_over_mean \(costs.max()! / mean)")
        }
    }
}
