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

    @Test("it judges as it should: the detector reads tones to 0.1 dB wherever their samples lie")
    func detector() throws {
        for (frequency, phase) in [(0.25, 0.125), (0.1, 0.3), (1 / 3.0, 0.25), (0.4, 0.05), (0.4771, 0.2)] {
            let detector = TruePeakDetector()
            let tone = (0..<640).map { Float(sin(2 * .pi * (frequency * Double($0) + phase))) }
            var highest: Float = 0
            for chunk in stride(from: 0, to: 640, by: 64) {
                for k in 0..<64 { detector.room()[k] = tone[chunk + k] }
                detector.measure(64, above: 0)
                // The first frames hold the tone's abrupt beginning.
                if chunk >= 256 { for k in 0..<64 { highest = max(highest, detector.peaks[k]) } }
            }
            #expect(abs(decibels(highest)) < 0.1, "\(frequency): \(decibels(highest)) dB")
        }
    }

    @Test("the gain is down exactly when a peak arrives, begins a look-ahead before it, and goes with the release")
    func timing() throws {
        let node = try NodeHarness(
            LimiterNode.self,
            [
                "ceiling_dbfs": .number(-6), "true_peak": .boolean(false), "lookahead_ms": .number(2),
                "release_ms": .number(50),
            ], inputs: [mono48])
        #expect(node.resolution.outputs[0].latency == Rational(96))
        var input = TestSignal.constant(0.25, frames: 12_000)
        input[3_000] = 1
        let out = try node.render([[input]], frames: 12_000).output[0]
        #expect(abs(decibels(out[3_096]) + 6) < 1e-5)
        // 97 frames of gains below 1 before and with the peak, none earlier.
        #expect(out[96..<3_000].allSatisfy { $0 == 0.25 } && out[3_001] < 0.25)
        // Behind the peak the gain is held until the window is over, then let go in dB: 6·e^(−t/τ), 48 frames late, the
        // middle of the smoothing.
        for n in stride(from: 400, to: 8_000, by: 131) {
            let expected = 6 * exp(-Double(n - 48) / 2_400)
            let reduction = decibels(0.25) - decibels(out[3_096 + n])
            #expect(
                abs(reduction - expected) < 0.02 * expected + 1e-5, "frame \(n): \(reduction), expected \(expected)")
        }
    }

    @Test("below the ceiling every bit passes, with the latency that is stated", arguments: [true, false])
    func transparency(truePeak: Bool) throws {
        let node = try NodeHarness(LimiterNode.self, ["true_peak": .boolean(truePeak)], inputs: [stereo48])
        let latency = truePeak ? 144 + 80 : 144
        #expect(node.resolution.outputs[0].latency == Rational(Int128(latency)))
        #expect(node.resolution.outputs[1].latency == Rational(truePeak ? 5 : 3))
        let noise = [1, 2].map { TestSignal.noise(seed: $0, frames: 5_000, amplitude: 0.25) }
        let out = try node.render([noise], frames: 5_000).output
        for channel in 0..<2 {
            #expect(out[channel].dropFirst(latency).elementsEqual(noise[channel].dropLast(latency)))
        }
    }

    @Test("drive and ceiling: a tone driven 12 dB over comes out at the ceiling; both glide")
    func live() throws {
        let node = try NodeHarness(LimiterNode.self, ["ceiling_dbfs": .number(-3)], inputs: [mono48])
        let tone = TestSignal.sine(1_000, rate: 48_000, frames: 48_000, amplitude: 0.5)
        let rendered = try node.render(
            [[tone]], frames: 48_000,
            moves: [.init(at: 12_000, "gain_db", to: 18), .init(at: 30_000, "ceiling_dbfs", to: -20)])
        let out = rendered.output[0]
        #expect(abs(Measure.peakDecibels(out[2_000..<12_000]) + 6.02) < 0.01)
        // 0.3 dB below the ceiling is what it aims at.
        #expect(abs(Measure.peakDecibels(out[20_000..<30_000]) + 3.3) < 0.02)
        #expect(abs(Measure.peakDecibels(out[32_000...]) + 20.3) < 0.02)
        #expect(abs(Double(rendered.outputs[1][0][600]) - (18 - 6.02 + 3.3)) < 0.05)
        // Nothing on the way is higher than it may be: samples before the change obey the old ceiling.
        #expect(Measure.peakDecibels(out) <= -3)
    }

    @Test("channels that are linked keep their balance; unlinked ones do not share")
    func link() throws {
        func levels(_ percent: Double) throws -> [Double] {
            let node = try NodeHarness(
                LimiterNode.self, ["link_percent": .number(percent), "true_peak": .boolean(false)], inputs: [stereo48])
            let loud = TestSignal.constant(2, frames: 2_000)
            let soft = TestSignal.constant(0.5, frames: 2_000)
            return try node.render([[loud, soft]], frames: 2_000).output.map { decibels($0[1_999]) }
        }
        let linked = try levels(100)
        #expect(abs(linked[0] + 1) < 1e-4 && abs(linked[1] - (linked[0] - 12.0412)) < 1e-3)
        let apart = try levels(0)
        #expect(abs(apart[0] + 1) < 1e-4 && abs(apart[1] + 6.0206) < 1e-4)
    }

    @Test("the running maximum is that of a plain search")
    func runningMaximum() {
        var random = SeededRandom(seed: 3)
        let values = (0..<3_000).map { _ in Double(Int.random(in: 0...20, using: &random)) }
        for window in [1, 2, 7, 64, 500] {
            let running = RunningMaximum(window: window)
            for (k, value) in values.enumerated() {
                let expected = values[max(0, k - window + 1)...k].max()
                if running.next(value) != expected { Issue.record("window \(window), value \(k)") }
            }
        }
    }

    @Test("the smoothing window has the length it is given and sums to one", arguments: [1, 2, 3, 4, 49, 480])
    func attackWindow(length: Int) {
        let window = AttackWindow(length: length)
        #expect(window.next(AttackWindow.one) == AttackWindow.one)
        // A step to 0 is there after exactly that many frames, and falls all the way.
        var last = AttackWindow.one
        for k in 1...length {
            let next = window.next(0)
            #expect(next < last && (k == length) == (next == 0))
            last = next
        }
    }
}
