import Glibc
import SyrinxCore
import SyrinxTestKit
import Testing

@testable import BasicPlugin

@Suite("lfo")
struct LFOTests {
    @Test("keeps the contract of renderers", arguments: ["sine", "triangle", "square", "ramp", "random"])
    func conformance(shape: String) throws {
        try expectConformance(
            LFONode.self, ["shape": .string(shape), "frequency_hz": .number(13)],
            moves: [
                .init(at: 1_000, "frequency_hz", to: 50), .init(at: 3_000, "low", to: -5),
                .init(at: 4_444, "high", to: 7),
            ])
    }

    private func values(_ parameters: [String: Value], _ count: Int) throws -> [Float] {
        try NodeHarness(LFONode.self, parameters, masterRate: 48_000).render(frames: count * 48).output[0]
    }

    @Test("a sine runs between low and high, 1000 values a second")
    func sine() throws {
        let out = try values(["frequency_hz": .number(2), "low": .number(-6), "high": .number(0)], 1_000)
        #expect(out.count == 1_000)
        let expected = (0..<1_000).map { Float(-3 + 3 * sin(2 * .pi * 2 * Double($0) / 1_000)) }
        #expect(Measure.largestDifference(out, expected) < 1e-6)
    }

    @Test("the shapes stand where they should")
    func shapes() throws {
        func at(_ shape: String) throws -> [Float] {
            let out = try values(["shape": .string(shape), "frequency_hz": .number(1)], 1_000)
            return [out[0], out[250], out[500], out[750]]
        }
        #expect(try at("triangle") == [0, 0.5, 1, 0.5])
        #expect(try at("square") == [1, 1, 0, 0])
        #expect(try at("ramp") == [0, 0.25, 0.5, 0.75])
        let random = try values(["shape": .string("random"), "frequency_hz": .number(100)], 1_000)
        #expect(Set(random).count >= 99 && random.allSatisfy { (0...1).contains($0) })
        #expect(random[0...9].allSatisfy { $0 == random[0] })
    }

    @Test("points are joined by straight lines and held before and after")
    func points() throws {
        let points: Value = .list([(0.1, 1.0), (0.2, 3.0), (0.4, -1.0)].map { .list([.number($0.0), .number($0.1)]) })
        let out = try values(["points": points], 600)
        let (first, middle, last) = (out[0], out[150], out[599])
        #expect(first == 1 && abs(middle - 2) < 1e-6 && last == -1)
        #expect(out[100] == 1 && out[200] == 3 && abs(out[300] - 1) < 1e-6 && out[400] == -1)
        #expect(throws: PipelineError.self) {
            try values(["points": .list([.list([.number(1), .number(0)]), .list([.number(1), .number(2)])])], 10)
        }
    }
}
