// ns per node and block of a chain of gains on stereo: the engine, the bare kernel, a loop by hand.
//
//   chain [--rounds N]                        the table, for blocks of 16, 64, 256 and 4096 frames
//   chain --count K --block B --seconds S     renders S seconds of 48 kHz through K gains, to nowhere
import Glibc
import SyrinxCore
import Timing

/// ns of this thread that `blocks` blocks take: what others do on the machine meanwhile does not count.
func time(_ contestant: some Contestant, blocks: Int) -> Double {
    let before = threadTime()
    for _ in 0..<blocks { contestant.render() }
    return threadTime() - before
}

func decimal(_ value: Double, _ digits: Int = 1) -> String {
    let scale = digits == 1 ? 10.0 : 1_000
    let scaled = Int((abs(value) * scale).rounded())
    let fraction = String(scaled % Int(scale))
    let zeros = String(repeating: "0", count: digits - fraction.count)
    return (value < 0 && scaled > 0 ? "-" : "") + "\(scaled / Int(scale)).\(zeros)\(fraction)"
}

/// The costs of one block size, ns per node and block: medians over rounds in which all take turns.
struct Costs {
    var engine: Double
    var kernel: Double
    var hand: Double
    /// The worst and the best round of the engine.
    var range: ClosedRange<Double>

    init(frames: Int, rounds: Int) throws {
        let gains = 32
        let (long, short) = (
            try EngineChain(gains: gains + 1, frames: frames), try EngineChain(gains: 1, frames: frames)
        )
        let (kernel, hand) = (KernelChain(gains: gains, frames: frames), HandChain(gains: gains, frames: frames))
        // About 20 ms a turn.
        let blocks = max(50, 20_000_000 / (32 * (30 + frames / 3)))
        var (engines, kernels, hands): ([Double], [Double], [Double]) = ([], [], [])
        for round in -2..<rounds {
            // The ends of the pipeline and the cycle itself cancel out: only the slope over the nodes counts.
            let engine = (time(long, blocks: blocks) - time(short, blocks: blocks)) / Double(blocks * gains)
            let bare = time(kernel, blocks: blocks) / Double(blocks * gains)
            let own = time(hand, blocks: blocks) / Double(blocks * gains)
            if round < 0 { continue }
            engines.append(engine)
            kernels.append(bare)
            hands.append(own)
        }
        self.engine = median(engines)
        self.kernel = median(kernels)
        self.hand = median(hands)
        range = (engines.min() ?? 0)...(engines.max() ?? 0)
    }
}

func table(rounds: Int) throws {
    print("ns per node and block: 32 gains in a row, stereo, 48 kHz; medians of \(rounds) rounds")
    print()
    print(
        "| frames | engine | (best, worst round) | bare kernel | loop by hand | engine over kernel | 32 nodes, share of the block's time |"
    )
    print("|---:|---:|---:|---:|---:|---:|---:|")
    for frames in [16, 64, 256, 4096] {
        let costs = try Costs(frames: frames, rounds: rounds)
        let share = 32 * costs.engine / (Double(frames) / 48_000 * 1e9) * 100
        print(
            "| \(frames) | \(decimal(costs.engine)) | \(decimal(costs.range.lowerBound))…\(decimal(costs.range.upperBound)) "
                + "| \(decimal(costs.kernel)) | \(decimal(costs.hand)) | \(decimal(costs.engine - costs.kernel)) "
                + "| \(decimal(share, 3)) % |")
    }
}

func number(_ name: String) -> Int? {
    guard let index = CommandLine.arguments.firstIndex(of: name), index + 1 < CommandLine.arguments.count else {
        return nil
    }
    return Int(CommandLine.arguments[index + 1])
}

do {
    if let gains = number("--count"), let frames = number("--block"), let seconds = number("--seconds") {
        let chain = try EngineChain(gains: gains, frames: frames)
        for _ in 0..<(seconds * 48_000 / frames) { chain.render() }
    } else {
        try table(rounds: number("--rounds") ?? 25)
    }
} catch let faults as Faults {
    for fault in faults.all { print(fault.error) }
}
