import Glibc
import SyrinxCore
import SyrinxTestKit
import Testing

@testable import DynamicsPlugin

@Suite("limiter")
struct LimiterTests {
    /// Signals that are hard on a limiter, by name.
    static let adversaries: [String] = [
        "square near fs/4", "tone at fs/4, 45°", "tone at 0.45 fs", "impulses", "noise bursts", "random", "signs",
        "steps",
        "jump of 60 dB", "jump of tones", "broken", "worst case of interpolation", "sweep",
    ]

    static func adversary(_ name: String, frames: Int = 2_000) -> [Float] {
        var random = SeededRandom(seed: 7)
        func noise() -> Float { Float.random(in: -1...1, using: &random) }
        switch name {
        case "square near fs/4":
            return (0..<frames).map { sin(2 * .pi * (0.2501 * Double($0) + 0.125)) >= 0 ? 1 : -1 }
        case "tone at fs/4, 45°":
            return TestSignal.sine(12_000, rate: 48_000, frames: frames, amplitude: 3, phase: 0.125)
        case "tone at 0.45 fs": return TestSignal.sine(21_613, rate: 48_000, frames: frames, amplitude: 3)
        case "impulses": return (0..<frames).map { $0 % 997 < 3 ? ($0 % 2 == 0 ? 8 : -5) : 0 }
        case "noise bursts":
            return (0..<frames).map { _ in noise() }.enumerated().map { $0 / 400 % 2 == 0 ? $1 * 20 : 0 }
        case "random": return (0..<frames).map { _ in noise() * 4 }
        case "signs": return (0..<frames).map { _ in noise() >= 0 ? 1 : -1 }
        case "steps": return (0..<frames).map { [1, -1, 0.2, -4, 0][$0 / 311 % 5] }
        case "jump of 60 dB": return (0..<frames).map { noise() * ($0 < 1_000 ? 0.01 : 10) }
        case "jump of tones":
            return (0..<frames).map { Float(sin(2 * .pi * 0.1137 * Double($0)) * ($0 / 700 % 2 == 0 ? 0.02 : 20)) }
        case "broken":
            return (0..<frames).map { k in
                k % 501 == 0 ? .nan : k % 733 == 0 ? .infinity : k % 811 == 0 ? -3e38 : noise() * 2
            }
        case "worst case of interpolation":
            // The signs of a sinc halfway between two samples: what lies there adds up.
            return (0..<frames).map { k in
                let d = Double(k % 64 - 32) + 0.5
                return sin(.pi * d) / d >= 0 ? 0.9 : -0.9
            }
        default:
            return (0..<frames).map { k in
                let t = Double(k) / Double(frames)
                return Float(2 * sin(.pi * t * t * 0.47 * Double(frames)))
            }
        }
    }

    @Test("no peak between samples passes the ceiling, whatever comes", arguments: adversaries)
    func ceiling(name: String) throws {
        for (lookahead, release) in [(3.0, 80.0), (0.5, 5.0)] {
            let limiter = try NodeHarness(
                LimiterNode.self,
                ["ceiling_dbfs": .number(-1), "lookahead_ms": .number(lookahead), "release_ms": .number(release)],
                inputs: [mono48])
            // Silence behind it: the limiter sees the abrupt end, as the judge does.
            let out = try limiter.render([[Self.adversary(name)]], frames: 2_500).output[0]
            let peak = Interpolator.truePeak(out)
            #expect(peak <= -1, "\(lookahead) ms: \(peak) dBTP")
            // It limits, but not more than it must.
            #expect(peak > -1.6 || !["random", "noise bursts", "steps", "impulses"].contains(name), "\(peak) dBTP")
        }
    }
}
