internal import EVIPlugin
internal import SyrinxConfig
internal import SyrinxCore
internal import SyrinxEVI
internal import SyrinxEmulator
internal import SyrinxGraph
internal import SyrinxHost
internal import VoicePlugin

/// How a detector is linked to a session, and what both are set to.
struct Manner: Sendable {
    let name: String
    /// The detector's outputs, each with the session's input; none: no detector.
    let links: [(output: String, input: String)]
    let detector: String
    let session: String

    init(_ name: String, _ links: [(output: String, input: String)], detector: String = "", session: String = "") {
        self.name = name
        self.links = links
        self.detector = #", "hangover_ms": 300"# + detector
        self.session = session
    }

    static let all = [
        Manner("no barge_in", []),
        Manner("turn, speech as a hint", [("turn", "barge_in"), ("speech", "barge_in_hint")]),
        Manner("turn", [("turn", "barge_in")]),
        Manner("turn, turn_ms 300", [("turn", "barge_in")], detector: #", "turn_ms": 300"#),
        Manner("speech", [("speech", "barge_in")]),
        Manner("speech, min_speech_ms 60", [("speech", "barge_in")], detector: #", "min_speech_ms": 60"#),
        Manner(
            "probability, barge_in_min_ms 120", [("probability", "barge_in")],
            session: #", "barge_in_min_ms": 120, "barge_in_hold_ms": 300"#),
    ]
}

/// Sessions side by side, each with a microphone and a loudspeaker of its own, in one pipeline under the timer, and the
/// emulator in the same process.
struct Talk {
    static let rate = 48_000

    /// One session.
    struct Seat {
        let manner: Manner
        let microphone: Reel
        let loudspeaker: Reel

        init(_ manner: Manner, says samples: [Float]) {
            self.manner = manner
            microphone = Reel(samples)
            loudspeaker = Reel(frames: samples.count)
        }
    }

    /// - Parameter scenario: the text of a scenario; paths in it begin in `folder`.
    /// - Returns: how often a session had nothing to play within a turn, all together.
    static func run(_ seats: [Seat], scenario: String, folder: String, seconds: Int) async throws -> Int {
        var options = EmulatorOptions()
        options.scenario = try ScenarioReader.read(Array(scenario.utf8), folder: folder)
        let emulator = Emulator(options)
        try await emulator.start()
        var registry = NodeRegistry()
        try registry.register(EVIPlugin.self)
        try registry.register(VoicePlugin.self)
        var (nodes, links): ([String], [String]) = ([], [])
        for (index, seat) in seats.enumerated() {
            let (microphone, loudspeaker) = (seat.microphone, seat.loudspeaker)
            try registry.register(
                NodeType(NodeDescriptor(type: "mic\(index)", summary: "Speaks.", outputs: [.audio("out")])) { _ in
                    MicrophoneNode(reel: microphone)
                })
            try registry.register(
                NodeType(NodeDescriptor(type: "box\(index)", summary: "Plays.", inputs: [.audio("in")])) { _ in
                    LoudspeakerNode(reel: loudspeaker)
                })
            nodes += [
                #""m\#(index)": { "type": "mic\#(index)" }"#, #""b\#(index)": { "type": "box\#(index)" }"#,
                #""v\#(index)": { "type": "vad"\#(seat.manner.detector) }"#,
                """
                "e\(index)": { "type": "evi", "api_key": "\(emulator.options.apiKey.reveal())", "base_url":
                  "\(emulator.baseURL)"\(seat.manner.session) }
                """,
            ]
            links += [#""m\#(index) -> e\#(index) -> b\#(index)""#, #""m\#(index) -> v\#(index)""#]
            for (output, input) in seat.manner.links {
                links.append(#""v\#(index):\#(output) -> e\#(index):\#(input)""#)
            }
        }
        let text = """
            { "syrinx": 1, "engine": { "block_frames": 64, "rate_hz": \(rate) },
              "nodes": { \(nodes.joined(separator: ",\n")) }, "links": [\(links.joined(separator: ",\n"))] }
            """
        let read = DocumentReader.read(Array(text.utf8), named: "talk.json", Lookup(.run, variables: [:]))
        let (checked, faults) = PipelineChecker(registry: registry).check(read.document)
        guard let checked else { throw Faults(read.faults + faults) }
        let (prepared, refusals) = try Run.prepare(
            checked, registry: registry, options: .init(duration: Rational(Int128(seconds))))
        guard let prepared else { throw Faults(refusals) }
        let report = try await prepared.executeApart()
        await emulator.stop()
        return report.nodes.reduce(0) { sum, node in
            if case .integer(let count)? = Value.object(node.figures)["speech_dry"] { return sum + Int(count) }
            return sum
        }
    }
}
