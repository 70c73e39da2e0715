import SyrinxCore
import SyrinxTestKit
import Testing

@testable import DynamicsPlugin

@Suite("dynamics, the plugin")
struct PluginTests {
    private static let nodes: [any Node.Type] = [
        CompressorNode.self, GateNode.self, LimiterNode.self, DeesserNode.self, DuckNode.self, AGCNode.self,
    ]

    @Test("it registers six types, each a processor with a look at its gain")
    func registration() throws {
        var registry = NodeRegistry()
        try registry.register(DynamicsPlugin.self)
        for node in Self.nodes {
            let descriptor = node.descriptor
            #expect(registry[descriptor.type]?.descriptor == descriptor)
            #expect(descriptor.isProcessor && descriptor.worksInPlace)
            #expect(descriptor.outputs.contains { $0.kind == .control && $0.unit == .decibels })
            #expect(descriptor.parameters.contains { $0.live } && descriptor.details.contains("Source"))
            #expect(!descriptor.parameters.contains { $0.name == "lookahead_ms" && $0.live })
        }
    }

    @Test("a key's filters must lie below half the rate, and in order")
    func keyFilters() {
        func message(_ values: [String: Value], rate: Int = 16_000) -> String {
            do {
                _ = try NodeHarness(CompressorNode.self, values, inputs: [StreamFormat(rate: rate, channels: 1)])
                return ""
            } catch { return "\(error)" }
        }
        #expect(
            message(["key_highpass_hz": .number(9_000)])
                == "nodes.test.key_highpass_hz: found 9000.0 Hz, expected less than 8000.0 Hz, half the rate")
        #expect(
            message(["key_highpass_hz": .number(500), "key_lowpass_hz": .number(200)]).contains("expected more than"))
        #expect(message(["key_highpass_hz": .number(200), "key_lowpass_hz": .number(500)]) == "")
    }
}
