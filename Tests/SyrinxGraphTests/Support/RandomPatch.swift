import SyrinxCore

/// A patch of quiet, low tones through gains, delays, filters and late nodes into one sink, and what can be heard of it at
/// most.
struct RandomPatch {
    private typealias Entry = (String, String, [String: Double])

    let bench: Bench
    /// The largest sample that can come out.
    let loudest: Float
    /// How many nodes lie one behind another at most.
    let depth: Int

    /// Amplitude of a tone.
    static let tone: Float = 0.05
    /// Hz; no tone is higher.
    static let highest: Float = 60

    /// - Parameter random: nodes of one id differ in what it draws, so that successive patches have much in common.
    init(using random: inout SeededGenerator) {
        while true {
            let (bench, loudest, depth) = Self.draw(&random)
            if loudest > 0, loudest < 0.5 {
                (self.bench, self.loudest, self.depth) = (bench, loudest, depth)
                return
            }
        }
    }

    private static func draw(_ random: inout SeededGenerator) -> (Bench, Float, Int) {
        func chance(_ part: Double) -> Bool { Double.random(in: 0..<1, using: &random) < part }
        func number(_ range: ClosedRange<Int>) -> Double { Double(Int.random(in: range, using: &random)) }
        var nodes: [Entry] = []
        for index in 0..<4 where chance(0.7) {
            nodes.append(("t\(index)", "signal", ["frequency_hz": 20 + 13 * Double(index), "level_dbfs": -26.02]))
        }
        let tones = nodes.map(\.0)
        if tones.isEmpty { return (Bench([], []), 0, 0) }
        var processors: [Entry] = []
        for index in 0..<5 where chance(0.6) { processors.append(("g\(index)", "gain", ["gain_db": -number(0...12)])) }
        for index in 0..<2 where chance(0.5) {
            processors.append(
                ("d\(index)", "delay", ["delay_ms": number(1...20), "max_ms": 20, "least_ms": chance(0.3) ? 1 : 0]))
        }
        for index in 0..<2 where chance(0.5) {
            processors.append(("l\(index)", "probe.late", ["latency_frames": chance(0.7) ? 300 : number(0...700)]))
        }
        if chance(0.5) { processors.append(("f", "filter", ["frequency_hz": 2000, "order": chance(0.7) ? 2 : 4])) }
        processors.shuffle(using: &random)
        var links: [String] = []
        var level = Dictionary(uniqueKeysWithValues: tones.map { ($0, (Self.tone, 0)) })
        var ready = tones
        for (id, _, _) in processors {
            let sources = Set(
                (0..<Int.random(in: 1...2, using: &random)).map { _ in
                    ready[Int.random(in: 0..<ready.count, using: &random)]
                }
            ).sorted()
            for source in sources { links.append("\(source) -> \(id)") }
            // The filter's overshoot is below a fifth.
            level[id] = (
                sources.reduce(0) { $0 + (level[$1]?.0 ?? 0) } * (id == "f" ? 1.2 : 1),
                1 + (sources.map { level[$0]?.1 ?? 0 }.max() ?? 0)
            )
            ready.append(id)
        }
        let heard = Set(
            (0..<Int.random(in: 1...3, using: &random)).map { _ in
                ready[Int.random(in: 0..<ready.count, using: &random)]
            }
        ).sorted()
        for source in heard { links.append("\(source) -> z") }
        nodes += processors
        let gains = processors.filter { $0.1 == "gain" }.map(\.0)
        if let driven = gains.first, chance(0.4) {
            nodes.append(("wobble", "lfo", ["frequency_hz": 3, "low": -6, "high": 0]))
            links.append("wobble -> \(driven).gain_db")
        }
        nodes.append(("z", "probe.sink", ["channels": 1]))
        nodes.shuffle(using: &random)
        links.shuffle(using: &random)
        let loudest = heard.reduce(Float(0)) { $0 + (level[$1]?.0 ?? 0) }
        let depth = heard.map { level[$0]?.1 ?? 0 }.max() ?? 0
        return (Bench(nodes, links).word("f", "shape", "lowpass").block(512), loudest, depth)
    }
}
