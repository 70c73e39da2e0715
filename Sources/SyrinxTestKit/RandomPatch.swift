public import SyrinxCore

/// A patch of quiet, low tones through gains, delays and filters into the sink `z`, and what can be heard of it at most: for
/// edits of a graph that runs. Its node types are those of BasicPlugin, and the caller's.
public struct RandomPatch: Sendable {
    private typealias Entry = (String, String, [String: Double])

    /// All but `z`.
    public private(set) var nodes: [DocumentNode] = []
    public private(set) var links: [DocumentLink] = []
    /// The largest sample that can come out.
    public private(set) var loudest: Float = 0
    /// How many nodes lie one behind another at most.
    public private(set) var depth = 0

    /// Amplitude of a tone.
    private static let tone: Float = 0.05
    /// Hz; no tone is higher.
    private static let highest: Float = 60

    /// - Parameters:
    ///   - random: nodes of one id differ in what it draws, so that successive patches have much in common.
    ///   - lateType: a node type that states a `latency_frames`; nil: none is late.
    public init(using random: inout SeededRandom, lateType: String? = nil) {
        while loudest <= 0 || loudest > 0.5 { self = Self(&random, lateType) }
    }

    /// The largest step from one sample to the next while one patch is changed for another: a tone moves by its slope; a ramp
    /// or a glide, of which each node on the way has one, by a part of what it ramps. Samples at 48 kHz.
    public static func largestStep(_ old: Self, _ new: Self) -> Float {
        let slope = 2 * Float.pi * highest / 48_000
        let ramps = Float(2 * (max(old.depth, new.depth) + 1)) / 480
        return (old.loudest + new.loudest) * (slope + ramps)
    }

    private init(_ random: inout SeededRandom, _ lateType: String?) {
        func chance(_ part: Double) -> Bool { Double.random(in: 0..<1, using: &random) < part }
        func number(_ range: ClosedRange<Int>) -> Double { Double(Int.random(in: range, using: &random)) }
        var nodes: [Entry] = []
        for index in 0..<4 where chance(0.7) {
            nodes.append(("t\(index)", "signal", ["frequency_hz": 20 + 13 * Double(index), "level_dbfs": -26.02]))
        }
        let tones = nodes.map(\.0)
        if tones.isEmpty { return }
        var processors: [Entry] = []
        for index in 0..<5 where chance(0.6) { processors.append(("g\(index)", "gain", ["gain_db": -number(0...12)])) }
        for index in 0..<2 where chance(0.5) {
            processors.append(
                ("d\(index)", "delay", ["delay_ms": number(1...20), "max_ms": 20, "least_ms": chance(0.3) ? 1 : 0]))
        }
        for index in 0..<2 where chance(0.5) {
            guard let lateType else { break }
            processors.append(("l\(index)", lateType, ["latency_frames": chance(0.7) ? 300 : number(0...700)]))
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
        nodes.shuffle(using: &random)
        links.shuffle(using: &random)
        loudest = heard.reduce(Float(0)) { $0 + (level[$1]?.0 ?? 0) }
        depth = heard.map { level[$0]?.1 ?? 0 }.max() ?? 0
        self.nodes = nodes.map(Self.node)
        self.links = links.map { DocumentLink($0) }
    }

    private static func node(_ id: String, _ type: String, _ parameters: [String: Double]) -> DocumentNode {
        var members = parameters.sorted { $0.key < $1.key }.map { name, value in
            DocumentMember(name, DocumentValue(.number(value, text: "\(value)")))
        }
        if type == "filter" { members.append(DocumentMember("shape", DocumentValue(.string(DocumentText("lowpass"))))) }
        return DocumentNode(id: id, type: type, parameters: members)
    }
}
