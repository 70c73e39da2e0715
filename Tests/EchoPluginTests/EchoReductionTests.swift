import SyrinxCore
import SyrinxTestKit
import Testing

@testable import EchoPlugin

extension EchoTests {
    @Suite("echo_cancel in simulated rooms")
    struct EchoReductionTests {
        private func level(_ samples: [Float], from: Double, to: Double = .infinity) -> Double {
            let last = min(Double(samples.count), to * 16_000)
            return Measure.rmsDecibels(samples[Int(from * 16_000)..<Int(last)])
        }

        @Test("after 5 s an echo is 25 dB quieter, at its control output too, without a call of the heap")
        func reduction() throws {
            let talk = Conversation(seconds: 8)
            let heard = try talk.cancelled(talk.echo)
            let less = level(talk.echo, from: 5, to: 7.9) - level(heard.samples, from: 5)
            #expect(less > 25, "\(less) dB")
            #expect(heard.heapCalls == 0)
            let enhancement = try #require(heard.enhancement.last)
            #expect(abs(Double(enhancement) - less) < 8, "\(enhancement) dB told, \(less) dB measured")
            #expect(heard.doubleTalk[3_000...].count { $0 > 0.5 } < 200)
            #expect(heard.names == ["echo_delay"])
            // 20 ms, and a metre of air.
            #expect(abs(heard.delay.last! - 22.9) < 0.3, "\(heard.delay.last!) ms")
        }

        @Test("an echo that comes 250 ms late, or jumps there, is cancelled as well", arguments: [false, true])
        func farDelays(jumps: Bool) throws {
            let talk = Conversation(seconds: jumps ? 11 : 8) { path in
                path.delays = jumps ? [(0, 40), (4, 250)] : [(0, 250)]
            }
            let heard = try talk.cancelled(talk.echo)
            let from = jumps ? 8.0 : 5
            let less = level(talk.echo, from: from, to: jumps ? 10.9 : 7.9) - level(heard.samples, from: from)
            #expect(less > 20, "\(less) dB")
            #expect(heard.names == (jumps ? ["echo_delay", "echo_delay"] : ["echo_delay"]))
        }

        @Test("in double talk the near end is kept as by the library used bare, and told")
        func doubleTalk() throws {
            let talk = Conversation(seconds: 11)
            let heard = try talk.cancelled(talk.both, ["high_pass": .boolean(false)])
            let settings = AudioProcessing.Settings(rate: 16_000, echoLevel: 1, highPass: false, extendedFilter: false)
            let module = try AudioProcessing(settings, at: "bare")
            var bare = [Float](repeating: 0, count: talk.both.count)
            let microphone = talk.both
            for start in stride(from: 0, to: bare.count - 159, by: 160) {
                var clean = [Float](repeating: 0, count: 160)
                Array(microphone[start..<start + 160]).withUnsafeBufferPointer { near in
                    Array(talk.far[start..<start + 160]).withUnsafeBufferPointer { far in
                        _ = module.process(near: near.baseAddress!, far: far.baseAddress!, clean: &clean, delay: 0)
                    }
                }
                bare.replaceSubrange(start..<start + 160, with: clean)
            }
            bare.removeFirst(AudioProcessing.delay(settings))
            let range = 80_000..<heard.samples.count
            let kept = Measure.scaleInvariantSDR(heard.samples[range], of: talk.near[range])
            let bareKept = Measure.scaleInvariantSDR(bare[range], of: talk.near[range])
            #expect(kept > bareKept - 0.5, "\(kept) dB, bare \(bareKept) dB")
            let share = Double(heard.doubleTalk[5_000...].count { $0 > 0.5 }) / 6_000
            #expect(share > 0.2, "\(share)")
        }

        @Test("a reference that comes after its echo is told")
        func late() throws {
            let talk = Conversation(seconds: 5) { $0.delays = [(0, 0)] }
            let reference = [Float](repeating: 0, count: 320) + talk.far.dropLast(320)
            let heard = try talk.cancelled(talk.echo, reference: reference)
            #expect(heard.names == ["echo_delay", "echo_reference_late"])
            #expect(abs((heard.events.last?.value ?? 0) + 17.1) < 0.5, "\(heard.events)")
        }

        @Test("a reference on another clock is told, with how far it drifts; one on the same clock is not")
        func drift() throws {
            let talk = Conversation(seconds: 20) { $0.driftPPM = 100 }
            let heard = try talk.cancelled(talk.echo)
            let drifts = try #require(heard.events.first { $0.name == "echo_reference_drifts" }, "\(heard.events)")
            #expect(abs(drifts.value - 100) < 25, "\(drifts)")
            let steady = Conversation(seconds: 20)
            #expect(try steady.cancelled(steady.echo).names == ["echo_delay"])
        }

        @Test("a silent reference is told once, and only while the microphone hears something")
        func silent() throws {
            let talk = Conversation(seconds: 6)
            let silence = [Float](repeating: 0, count: talk.far.count)
            let values: [String: Value] = ["silent_after_s": .number(2)]
            let heard = try talk.cancelled(talk.echo, values, reference: silence)
            #expect(heard.names == ["echo_reference_silent"] && abs((heard.events.first?.seconds ?? 0) - 2) < 0.5)
            #expect(try talk.cancelled(silence, values, reference: silence).names == [])
            #expect(try talk.cancelled(talk.echo, ["silent_after_s": .number(0)], reference: silence).names == [])
        }
    }
}
