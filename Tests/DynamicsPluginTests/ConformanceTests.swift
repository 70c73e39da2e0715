import SyrinxCore
import SyrinxTestKit
import Testing

@testable import DynamicsPlugin

@Suite("dynamics, the contract of renderers")
struct ConformanceTests {
    @Test(
        "a compressor keeps it: linked, half linked, with a key, with look-ahead",
        arguments: [
            ([:], [2, nil]),
            (["link_percent": .number(40), "lookahead_ms": .number(5), "mix_percent": .number(70)], [3, nil]),
            (["detector": .string("rms"), "key_highpass_hz": .number(90), "lookahead_ms": .number(1.3)], [1, 2]),
            (["detector": .string("rms"), "key_lowpass_hz": .number(900), "link_percent": .number(0)], [2, 2]),
        ] as [([String: Value], [Int?])])
    func compressor(values: [String: Value], channels: [Int?]) throws {
        try expectConformance(CompressorNode.self, values, channels: channels)
    }

    @Test(
        "a gate keeps it",
        arguments: [
            (["threshold_dbfs": .number(-10)], [2, nil]),
            (["threshold_dbfs": .number(-8), "lookahead_ms": .number(4), "link_percent": .number(30)], [2, nil]),
            (["detector": .string("rms"), "threshold_dbfs": .number(-12), "hold_ms": .number(0)], [1, 2]),
        ] as [([String: Value], [Int?])])
    func gate(values: [String: Value], channels: [Int?]) throws {
        try expectConformance(GateNode.self, values, channels: channels)
    }

    @Test(
        "a limiter keeps it",
        arguments: [
            (["gain_db": .number(12)], 2), (["gain_db": .number(30), "link_percent": .number(50)], 3),
            (["true_peak": .boolean(false), "gain_db": .number(9), "lookahead_ms": .number(0)], 1),
            (["gain_db": .number(9), "lookahead_ms": .number(0)], 1),
        ] as [([String: Value], Int)])
    func limiter(values: [String: Value], channels: Int) throws {
        try expectConformance(LimiterNode.self, values, channels: [channels])
    }

    @Test(
        "a ducker keeps it, with a key and without",
        arguments: [
            (["threshold_dbfs": .number(-7)], [2, 1, nil]),
            (["threshold_dbfs": .number(-7), "lookahead_ms": .number(20), "hold_ms": .number(3)], [1, 2, nil]),
            (["hold_ms": .number(2), "attack_ms": .number(3)], [2, nil, 1]),
        ] as [([String: Value], [Int?])])
    func duck(values: [String: Value], channels: [Int?]) throws {
        try expectConformance(DuckNode.self, values, channels: channels)
    }

    @Test(
        "a de-esser keeps it: band and shelf, absolute and relative",
        arguments: [
            (["threshold_db": .number(-24)], 2),
            (["shape": .string("shelf"), "detection": .string("relative"), "threshold_db": .number(-9)], 1),
            (["link_percent": .number(20), "detection": .string("relative"), "threshold_db": .number(-9)], 3),
        ] as [([String: Value], Int)])
    func deesser(values: [String: Value], channels: Int) throws {
        try expectConformance(DeesserNode.self, values, channels: [channels])
    }

    @Test("automatic gain keeps it", arguments: [1, 6])
    func agc(channels: Int) throws {
        try expectConformance(AGCNode.self, ["rise_s": .number(0.1)], channels: [channels], frames: 7_000)
    }
}
