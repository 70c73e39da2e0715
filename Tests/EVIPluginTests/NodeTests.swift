import SyrinxCore
import SyrinxGraph
import SyrinxTestKit
import Testing

@testable import EVIPlugin

@Suite("evi's parameters")
struct NodeTests {
    private static func faults(_ parameters: String, links: String = "", nodes: String = "") throws -> [String] {
        try Rig().check(Rig.text(parameters, nodes: nodes, links: links)).1.filter { $0.severity == .error }
            .map(\.error.description)
    }

    private static func message(_ values: [String: Value]) -> String {
        do throws(PipelineError) {
            _ = try EVINode(try NodeHarness.parameters(values, of: EVINode.descriptor))
            return ""
        } catch { return error.description }
    }

    @Test("each emotion asked for is an output of its own; others, and names that no emotion has, are faults")
    func expressions() throws {
        let nodes = #""joy": { "type": "trace" },"#
        #expect(try Self.faults(#""expressions": ["Joy"]"#, links: #", "evi:joy -> joy""#, nodes: nodes) == [])
        let unlisted = try Self.faults(#""expressions": ["Anger"]"#, links: #", "evi:joy -> joy""#, nodes: nodes)
        #expect(unlisted.contains { $0.contains(#"has no output "joy""#) })
        #expect(try Self.faults(#""expressions": ["Joi"]"#).contains { $0.contains("did you mean Joy") })
        #expect(try Self.faults(#""expressions": ["Joy", "Joy"]"#).contains { $0.contains("twice") })
        #expect(ListedOutputs.portName(for: "Surprise (positive)") == "surprise_positive")
    }

    @Test("what cannot be is said with the place, what was found and what was expected")
    func faults() throws {
        let key: [String: Value] = ["api_key": .string("k")]
        func with(_ name: String, _ value: Value) -> String { Self.message(key.merging([name: value]) { $1 }) }
        #expect(Self.message([:]).contains("HUME_API_KEY"))
        #expect(Self.message(["secret_key": .string("s")]).contains("beside secret_key"))
        #expect(with("access_token", .string("t")).contains("one of them"))
        #expect(with("base_url", .string("ws://api.hume.ai")).contains("nodes.test.base_url: found"))
        #expect(with("send_rate_hz", .integer(22_050)).contains("44100"))
        #expect(with("variables", .object([.init("a", .list([]))])).contains("variables.a"))
        let tool = Value.object([.init("lamp", .object([.init("command", .string("rm -rf"))]))])
        #expect(with("tools", tool).contains("tools.lamp.command: found"))
        #expect(with("builtin_tools", .list([.integer(3)])).contains("builtin_tools[0]"))
        let key2 = Self.message(["api_key": .string("secret word")])
        #expect(key2.contains("nodes.test.api_key") && !key2.contains("secret word"))
    }

    @Test("flat out there is no conversation, and the fault says what to do")
    func offline() throws {
        #expect {
            try NodeHarness(EVINode.self, ["api_key": .string("k")], inputs: [StreamFormat(rate: 48_000, channels: 1)])
        } throws: { ($0 as? PipelineError)?.message.contains("timer") == true }
    }

    @Test("out begins a path, states its buffer as latency, and needs nothing of its slice")
    func resolution() throws {
        let node = try EVINode(
            try NodeHarness.parameters(
                ["api_key": .string("k"), "expressions": .list([.string("Joy")])], of: EVINode.descriptor))
        let resolution = try node.resolve(
            FormatRequest(
                access: .nothing, inputs: [PartialFormat(rate: 16_000, channels: 1), nil], masterRate: 44_100))
        #expect(resolution.outputs.count == 5)
        #expect(resolution.outputs.allSatisfy { $0.startsPath && $0.needs == [] && $0.delay >= 1 })
        #expect(resolution.outputs[0].format == PartialFormat(rate: 44_100, channels: 1))
        #expect(resolution.outputs[0].latency == Rational(2_646) && resolution.outputs[0].delay == 44)
        #expect(resolution.facts.contains { $0.name == "connects_to" && $0.value == .string("wss://api.hume.ai") })
    }
}
