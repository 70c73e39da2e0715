import SyrinxCore
import SyrinxDSP
import SyrinxTestKit
import Testing

@testable import VoicePlugin

@Suite("vad")
struct VADTests {
    @Test("keeps the contract of renderers")
    func conformance() throws {
        try expectConformance(VADNode.self, channels: [2], frames: 4_007)
    }

    @Test("keeps it with a gate and a look-ahead, which is the longest that a NaN is heard")
    func conformanceOfGate() throws {
        try expectConformance(
            VADNode.self, ["gate": .boolean(true), "lookahead_ms": .number(20), "hangover_ms": .number(0)],
            channels: [1], memoryFrames: 960, frames: 4_007)
    }
}
