import SyrinxCore
import SyrinxGraph
import Testing

@Suite("Hot edits")
struct EditTests {
    private let tone: (String, String, [String: Double]) = ("tone", "signal", ["frequency_hz": 50, "level_dbfs": -20])
    private let sink: (String, String, [String: Double]) = ("z", "probe.sink", ["channels": 1])

    /// The largest step from one sample to the next.
    private func step(_ tape: [Float]) -> Float { zip(tape, tape.dropFirst()).map { abs($1 - $0) }.max() ?? 0 }

    /// What a 50 Hz tone of level 0.1 can step by, and a ramp of such a tone.
    private let slope: Float = 0.1 * 2 * .pi * 50 / 48_000
    private let ramp: Float = 0.1 / 480

    // MARK: What goes on

    private let strip: [(String, String, [String: Double])] = [
        ("tone", "signal", ["frequency_hz": 300, "level_dbfs": -10]),
        ("cut", "filter", ["frequency_hz": 500, "order": 2]),
        ("wobble", "lfo", ["frequency_hz": 3, "low": -12, "high": 0]),
        ("trim", "gain", [:]), ("echo", "delay", ["delay_ms": 37, "feedback_ratio": 0.5]),
        ("z", "probe.sink", ["channels": 1]),
    ]
    private func bench(_ nodes: [(String, String, [String: Double])], _ links: [String]) -> Bench {
        Bench(nodes, links).word("cut", "shape", "lowpass").block(4096)
    }
    private let stripLinks = ["tone -> cut -> trim -> echo -> z", "wobble -> trim.gain_db"]

    @Test("what an edit does not touch sounds the same to the bit", arguments: cuts)
    func untouched(cut: [Int]) throws {
        let plain = try Player(bench(strip, stripLinks), cuts: cut)
        try plain.play(to: 30_000)
        let expected = try plain.tape("z")
        let player = try Player(bench(strip, stripLinks), cuts: cut)
        try player.play(to: 5000)
        let more = [("other", "signal", ["frequency_hz": 90.0]), ("y", "probe.sink", ["channels": 1.0])]
        try player.edit(bench(more + strip, stripLinks + ["other -> y", "cut -> y"]))
        try player.play(to: 12_000)
        #expect(!player.isEditing)
        try player.edit(bench(strip.reversed(), stripLinks.reversed()))
        try player.play(to: 30_000)
        #expect(player.gone == ["other'", "y'"])
        #expect(try player.tape("z") == expected)
    }

    @Test("an edit sounds the same however time is cut", arguments: cuts)
    func blockInvariance(cut: [Int]) throws {
        func play(_ cut: [Int]) throws -> [[Float]] {
            let player = try Player(bench(strip, stripLinks), cuts: cut)
            try player.play(to: 5000)
            var changed = strip
            changed[1].2["order"] = 4
            changed[3].2["gain_db"] = -6
            try player.edit(
                bench(
                    changed + [("late", "probe.late", ["latency_frames": 77])],
                    ["tone -> cut -> trim -> echo -> z", "tone -> late -> z"]))
            try player.play(to: 12_000)
            try player.edit(bench(strip, stripLinks))
            try player.play(to: 20_000)
            return try player.tape("z")
        }
        #expect(try play(cut) == play([100]))
    }

    @Test("live parameters that are the only difference go in without a plan, and back")
    func onlyWrites() throws {
        let player = try Player(Bench([tone, ("trim", "gain", [:]), sink], ["tone -> trim -> z"]))
        let before = player.plan
        for gain in [-6.0, 0, -6] {
            let edit = try player.edit(Bench([tone, ("trim", "gain", ["gain_db": gain]), sink], ["tone -> trim -> z"]))
            #expect(edit.stages.isEmpty && edit.writes.map(\.value) == [gain])
            try player.play(to: player.position + 1000)
        }
        #expect(player.plan === before)
        let loudest = try player.tape("z")[0].suffix(1).map(abs).max() ?? 0
        #expect(loudest < 0.06)
        #expect(try step(player.tape("z")[0]) < slope + ramp)
    }

    @Test("a parameter that a control link lets go takes the file's value")
    func letGo() throws {
        let player = try Player(
            Bench(
                [tone, ("l", "probe.level", ["level": 7]), ("s", "probe.staircase", [:]), sink],
                ["tone -> l -> z", "s -> l.level"]))
        try player.play(to: 4800)
        let edit = try player.edit(Bench([tone, ("l", "probe.level", ["level": 7]), sink], ["tone -> l -> z"]))
        #expect(edit.writes.map(\.value) == [7])
        try player.play(to: 9600)
        let last = try player.tape("z")[0].last ?? 0
        #expect(abs(last - 7) < 0.11)
    }

    @Test("a delay that grows beyond its memory is made anew, one that does not goes on")
    func reach() throws {
        func bench(_ delay: Double) -> Bench {
            Bench([tone, ("d", "delay", ["delay_ms": delay]), sink], ["tone -> d -> z"])
        }
        let player = try Player(bench(20))
        #expect(try player.edit(bench(10)).changes.replaced == [])
        #expect(try player.edit(bench(20)).changes.replaced == [])
        #expect(try player.edit(bench(21)).changes.replaced == ["d"])
        try player.settle()
        #expect(try player.edit(bench(20)).changes.replaced == [])
    }

    // MARK: Ramps

    @Test("a link that comes or goes fades within 10 ms, in a straight line", arguments: cuts)
    func line(cut: [Int]) throws {
        let level: [(String, String, [String: Double])] = [
            ("a", "probe.source", ["impulse_frames": 90_000_000]), ("l", "probe.level", ["level": 0]), sink,
        ]
        let player = try Player(Bench(level, ["a -> l"]).block(4096), cuts: cut)
        let renderer = player.plan.nodes[1].prepared.renderer
        renderer?.set(0, to: 1)
        try player.play(to: 1000)
        try player.edit(Bench(level, ["a -> l -> z"]).block(4096))
        try player.play(to: 3000)
        try player.edit(Bench(level, ["a -> l"]).block(4096))
        try player.play(to: 5000)
        let tape = try player.tape("z")[0]
        let expected = (0..<5000).map { frame -> Float in
            switch frame {
            case ..<1000: 0
            case ..<1480: Float(frame - 1000) / 480
            case ..<3000: 1
            case ..<3480: 1 - Float(frame - 3000) / 480
            default: 0
            }
        }
        #expect(zip(tape, expected).allSatisfy { abs($0 - $1) < 1e-6 })
        #expect(tape.count == 5000)
    }

    @Test("a node that is made anew crossfades with the old one without a dip")
    func crossfade() throws {
        func bench(_ fixed: Double) -> Bench {
            Bench([tone, ("l", "probe.level", ["fixed": fixed]), sink], ["tone -> l -> z"])
        }
        let player = try Player(bench(0))
        let plain = try Player(bench(0))
        try player.play(to: 3000)
        #expect(try player.edit(bench(1)).changes.replaced == ["l"])
        try player.play(to: 9000)
        try plain.play(to: 9000)
        let difference = zip(try player.tape("z")[0], try plain.tape("z")[0]).map { abs($0 - $1) }.max() ?? 1
        #expect(difference < 1e-6)
    }

    @Test("what is late is heard only once it is there, the old path until then")
    func filling() throws {
        let late = ("late", "probe.late", ["latency_frames": 2000.0])
        let player = try Player(Bench([tone, sink], ["tone -> z"]))
        try player.play(to: 2000)
        let edit = try player.edit(Bench([tone, late, sink], ["tone -> late -> z"]))
        #expect(edit.stages.first?.frames ?? 0 >= 2000 + 480 + 480)
        try player.play(to: 9000)
        let tape = try player.tape("z")[0]
        #expect(step(tape) < slope + 2 * ramp)
        // Never silent: the tone's period is 960 frames.
        for start in stride(from: 0, to: 8000, by: 500) {
            #expect(tape[start..<start + 500].map(abs).max() ?? 0 > 0.04)
        }
    }

    @Test("a delayed copy of what was playing begins without a click")
    func delayed() throws {
        let player = try Player(Bench([tone, sink], ["tone -> z"]))
        try player.play(to: 2230)
        try player.edit(Bench([tone, ("d", "delay", ["delay_ms": 50]), sink], ["tone -> d -> z", "tone -> z"]))
        try player.play(to: 12_000)
        #expect(step(try player.tape("z")[0]) < 2 * (slope + ramp))
    }

    // MARK: Loops, files, rates

    @Test("a loop that both pipelines would only close together goes in after the old links have gone")
    func loop() throws {
        let nodes = [tone, ("a", "gain", [:]), ("b", "gain", [:]), sink]
        let player = try Player(Bench(nodes, ["tone -> a -> b -> z"]))
        try player.play(to: 3000)
        let edit = try player.edit(Bench(nodes, ["tone -> b -> a -> z"]))
        #expect(edit.stages.count == 4)
        #expect(edit.changes.replaced == [])
        try player.play(to: 9000)
        #expect(!player.isEditing && player.gone == [])
        #expect(step(try player.tape("z")[0]) < slope + 2 * ramp)
        #expect(try player.tape("z")[0].suffix(960).map(abs).max() ?? 0 > 0.09)
    }

    @Test("a feedback loop can be closed, opened, and re-routed")
    func feedback() throws {
        let nodes: [(String, String, [String: Double])] = [
            tone, ("mix", "gain", ["gain_db": -6]), ("d", "delay", ["delay_ms": 11, "least_ms": 3]), sink,
        ]
        let player = try Player(Bench(nodes, ["tone -> mix -> z"]), cuts: [7, 64, 300])
        try player.play(to: 3000)
        for links in [
            ["tone -> mix -> z", "mix -> d -> mix"], ["tone -> mix -> z"], ["tone -> mix -> d -> mix", "d -> z"],
            ["tone -> d -> mix -> z"], ["tone -> z"],
        ] {
            try player.edit(Bench(nodes, links))
            try player.play(to: player.position + 6000)
            #expect(!player.isEditing)
        }
        #expect(step(try player.tape("z")[0]) < 3 * (slope + 2 * ramp))
    }

    @Test("a change of rate upstream makes new converters, and sounds on")
    func rates() throws {
        func bench(_ rate: Double) -> Bench {
            Bench(
                [
                    tone, ("low", "signal", ["frequency_hz": 50, "level_dbfs": -20, "rate_hz": rate]),
                    ("m", "gain", [:]), sink,
                ], ["tone -> m", "low -> m -> z"]
            ).setting("rate_hz", .number(48_000, text: "48000"))
        }
        let player = try Player(bench(16_000), cuts: [100, 1, 64])
        for rate in [44_100.0, 8000, 48_000] {
            try player.play(to: player.position + 5000)
            #expect(try player.edit(bench(rate)).changes.replaced == ["low"])
        }
        try player.play(to: player.position + 9000)
        #expect(!player.isEditing)
        // Two tones, three of them while one crossfades, and the converters' ringing at a tone's sudden start.
        #expect(step(try player.tape("z")[0]) < 6 * (slope + 2 * ramp))
    }

    // MARK: Files

    private func tape(_ late: Double?, path: String = "a.wav") -> Bench {
        let nodes = [tone, ("tape", "probe.file", [:])]
        guard let late else { return Bench(nodes, ["tone -> tape"]).word("tape", "path", path) }
        return Bench(nodes + [("late", "probe.late", ["latency_frames": late])], ["tone -> late -> tape"])
            .word("tape", "path", path)
    }

    @Test("a file that is being written keeps its time when a path to it gets shorter, and when it gets longer again")
    func shorter() throws {
        let player = try Player(tape(300))
        try player.play(to: 4000)
        for late in [nil, 100, 300] as [Double?] {
            let edit = try player.edit(tape(late))
            #expect(edit.notices.isEmpty)
            try player.play(to: player.position + 4000)
            #expect(player.plan.sinks[0].latency == 300)
        }
        let plain = try Player(tape(nil))
        try plain.play(to: player.position - 300)
        let difference = zip(try player.tape("tape")[0], try plain.tape("tape")[0]).map { abs($0 - $1) }.max() ?? 1
        #expect(difference < 1e-6)
        #expect(try player.tape("tape")[0].count == player.position - 300)
    }

    @Test("that everything comes later in a file from here on is told")
    func longer() throws {
        let player = try Player(tape(nil))
        try player.play(to: 1000)
        let edit = try player.edit(tape(480))
        #expect(edit.notices.map(\.node) == ["tape"])
        #expect(edit.notices[0].message == "from here on everything is 10 ms later in it than at its start")
        try player.play(to: 9000)
        #expect(step(try player.tape("tape")[0]) < slope + 2 * ramp)
        // Once told, it is not told again.
        #expect(try player.edit(tape(480)).notices.isEmpty)
    }

    @Test("a file is not written over by an edit: not by itself with other settings, not by another node")
    func overwrite() throws {
        let running = try tape(nil).resolved(Player.registry)
        func words(_ bench: Bench) throws -> [String] {
            PipelineEdit.find(from: running, to: try bench.resolved(Player.registry)).faults.map(\.error.description)
        }
        let stereo = Bench(
            [tone, ("wide", "signal", ["channels": 2]), ("tape", "probe.file", [:])], ["tone -> tape", "wide -> tape"]
        ).word("tape", "path", "a.wav")
        #expect(
            try words(stereo) == [
                "nodes.tape.path: its settings or channels changed, and it would write over what it has recorded; give it another path"
            ])
        let other = Bench([tone, ("roll", "probe.file", [:])], ["tone -> roll"]).word("roll", "path", "a.wav")
        #expect(
            try words(other) == [
                #"nodes.roll.path: would write over what "tape" has recorded; give it another path"#
            ])
        #expect(try words(tape(nil, path: "b.wav")) == [])
    }

    @Test("a file with other settings is finished before the new one is opened, and the gap is told")
    func handover() throws {
        let player = try Player(tape(nil))
        try player.play(to: 3000)
        let old = try #require(player.plan.nodes.last?.prepared.sink as? Tape)
        let edit = try player.edit(tape(nil, path: "b.wav"))
        #expect(edit.stages.count == 4 && edit.changes.replaced == ["tape"])
        #expect(
            edit.notices.map(\.message) == ["its settings changed: it is finished and begun anew, with a gap between"])
        try player.play(to: 3400)
        #expect(player.plan.nodes.map(\.id) == ["tone", "tape'"])
        try player.play(to: 9000)
        #expect(player.gone == ["tape'"] && !player.isEditing)
        #expect(old.samples[0].count == 3481)
        #expect(step(old.samples[0]) < slope + ramp)
        let new = try player.tape("tape")[0]
        #expect(step(new) < slope + ramp)
        #expect(new.suffix(960).map(abs).max() ?? 0 > 0.09)
    }

    // MARK: Refusals

    @Test("what no edit can change is a fault that says so")
    func refusals() throws {
        let bench = Bench([tone, sink], ["tone -> z"])
        let running = try bench.resolved(Player.registry)
        func faults(_ edited: Bench) throws -> [String] {
            PipelineEdit.find(from: running, to: try edited.resolved(Player.registry)).faults.map(\.error.description)
        }
        #expect(
            try faults(bench.setting("rate_hz", .number(44_100, text: "44100"))) == [
                "engine.rate_hz: found 44100 Hz, but the pipeline runs with 48000 Hz, which no edit can change; start it anew"
            ])
        #expect(
            try faults(bench.block(128)) == [
                "engine.block_frames: found 128, but the pipeline runs with 1024, which no edit can change; start it anew"
            ])
    }
}
