import SyrinxCore
import SyrinxTestKit
import Testing

@testable import EchoPlugin

@Suite("echo_cancel")
struct EchoCancelTests {
    @Test(
        "keeps the contract of renderers, at the module's rates and at others",
        arguments: [8_000, 16_000, 32_000, 48_000, 44_100])
    func conformance(rate: Int) throws {
        let format = StreamFormat(rate: rate, channels: 1)
        var plan = ConformancePlan(formats: [.init(inputs: [format, format], masterRate: 48_000)])
        plan.frames = 6_000
        plan.tolerance = 1e-4
        let faults = try checkConformance(EchoCancelNode.self, [:], plan)
        #expect(faults.isEmpty, "\(faults.prefix(6))")
    }
}
