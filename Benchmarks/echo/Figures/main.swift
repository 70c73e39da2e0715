import EchoPlugin
import Glibc
import SyrinxCore
import SyrinxTestKit

let words = CommandLine.arguments.dropFirst()
func number(_ name: String, _ otherwise: Int) -> Int {
    guard let place = words.firstIndex(of: name), place + 1 < words.endIndex else { return otherwise }
    return Int(words[place + 1]) ?? otherwise
}
func text(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

let rate = number("--rate", 16_000)
let seeds = number("--seeds", 3)
let seconds = Double(number("--seconds", 15))
let level = number("--level", 1)
let suppression = ["low", "moderate", "high"][level]
let extended = words.contains("--extended")
/// Only the rooms in which the delay jumps; and each pair of voices from one instant to the next.
let jumps = words.contains("--jumps")
let parts = words.contains("--parts")

let settings: [Trial.Setting] = [
    .init(name: "RT60 0.2", decay: 0.2),
    .init(name: "RT60 0.3", decay: 0.3),
    .init(name: "RT60 0.45", decay: 0.45),
    .init(name: "RT60 0.6", decay: 0.6),
    .init(name: "0.3, distorted", decay: 0.3, drive: 1),
    .init(name: "0.3, distorted hard", decay: 0.3, drive: 3),
    .init(name: "0.3, 50 ppm", decay: 0.3, drift: 50),
    .init(name: "0.3, delay 20→60 ms at 6 s", decay: 0.3, delays: [(0, 20), (6, 60)]),
    .init(name: "0.3, delay 60→20 ms at 6 s", decay: 0.3, delays: [(0, 60), (6, 20)]),
    .init(name: "0.3, delay 150 ms", decay: 0.3, delays: [(0, 150)]),
    .init(name: "0.3, delay 300 ms", decay: 0.3, delays: [(0, 300)]),
    .init(name: "0.6, distorted, 50 ppm", decay: 0.6, drive: 1, drift: 50),
]

print("\(rate) Hz, suppression \(suppression), \(seeds) pairs of voices")
print("| room | echo less, node | bare | SI-SDR before | node | bare | double talk found, false | delay | events |")
print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
for setting in settings where !jumps || setting.delays.count > 1 {
    var sums = [Double](repeating: 0, count: 7)
    var last = ""
    var events: [String] = []
    for seed in 1...seeds {
        let trial = Trial(setting, rate: rate, seconds: seconds, seed: UInt64(seed))
        let from = setting.delays.count > 1 ? 10.0 : 5.0
        let options = AudioProcessing.Settings(
            rate: rate, echoLevel: level, highPass: false, findsDelay: true, extendedFilter: extended)
        let values: [String: Value] = [
            "suppression": .string(suppression), "high_pass": .boolean(false), "extended_filter": .boolean(extended),
        ]
        let alone = trial.microphone(doubleTalk: false)
        let node = try trial.node(alone, values)
        let bare = try trial.bare(alone, options)
        sums[0] += trial.reduction(node, alone, from: from, to: seconds)
        sums[1] += trial.reduction(bare, alone, from: from, to: seconds)
        let both = trial.microphone(doubleTalk: true)
        let nodeBoth = try trial.node(both, values)
        let bareBoth = try trial.bare(both, options)
        sums[2] += trial.kept(Trial.Outcome(samples: both), from: 5)
        sums[3] += trial.kept(nodeBoth, from: 5)
        sums[4] += trial.kept(bareBoth, from: 5)
        if parts {
            let edges = [5, 6, 7, 8, 9.5, 11, 13, seconds]
            for (start, end) in zip(edges, edges.dropFirst()) where end > start {
                func kept(_ outcome: Trial.Outcome) -> String {
                    let range = Int(start * Double(rate))..<min(Int(end * Double(rate)), outcome.samples.count)
                    return text(Measure.scaleInvariantSDR(outcome.samples[range], of: trial.near[range]))
                }
                func less(_ outcome: Trial.Outcome) -> String {
                    text(trial.reduction(outcome, alone, from: start, to: end))
                }
                print(
                    "  pair \(seed), \(start)…\(end) s: echo less \(less(node)), bare \(less(bare));",
                    "SI-SDR \(kept(nodeBoth)), bare \(kept(bareBoth))")
            }
        }
        // Milliseconds in which both are loud.
        let step = rate / 1_000
        var (hits, both2, wrong, single) = (0, 0, 0, 0)
        for k in 5_000..<nodeBoth.doubleTalk.count - 100 {
            let frame = k * step
            let near = Measure.rmsDecibels(trial.near[frame - 30 * step..<frame])
            let echo = Measure.rmsDecibels(trial.echo[frame - 30 * step..<frame])
            let found = nodeBoth.doubleTalk[k + 30] > 0.5
            if near > -38, echo > -45 {
                both2 += 1
                if found { hits += 1 }
            }
            if node.doubleTalk[k] > 0.5 { wrong += 1 }
            single += 1
        }
        sums[5] += Double(hits) / Double(max(both2, 1)) * 100
        sums[6] += Double(wrong) / Double(max(single, 1)) * 100
        last = node.delay.last.map { text(Double($0)) } ?? ""
        if seed == 1 { events = node.events.map { "\($0.name) \(text($0.value)) at \(text($0.seconds)) s" } }
    }
    let mean = sums.map { text($0 / Double(seeds)) }
    print(
        "| \(setting.name) | \(mean[0]) | \(mean[1]) | \(mean[2]) | \(mean[3]) | \(mean[4]) | \(mean[5]) %, \(mean[6]) % | \(last) ms | \(events.joined(separator: ", ")) |"
    )
}
