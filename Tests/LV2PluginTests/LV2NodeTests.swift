import Foundation
import SyrinxCore
import SyrinxTestKit
import Testing

@testable import LV2Plugin

@Suite("lv2")
struct LV2NodeTests {
    let noise = TestSignal.noise(frames: 2_000)

    @Test("keeps the contract of renderers", arguments: [1, 2])
    func conformance(instances: Int) throws {
        let values: [String: Value] = [
            "uri": .string("urn:syrinx:probe:gain"), "instances": .integer(instances), "factor": .number(-1.5),
        ]
        var plan = ConformancePlan(try Probe.descriptor("gain"), channels: [instances])
        plan.frames = 4_500
        plan.moves = [.init(at: 1_000, "factor", to: 2), .init(at: 3_333, "factor", to: 0.25)]
        #expect(try checkConformance(LV2Node.self, values, plan) == [])
    }

    @Test("a gain is its closed form, bit for bit, and a parameter moves at exactly its frame")
    func gain() throws {
        let node = try Probe.node("gain", ["factor": .number(0.75)])
        let out = try node.render(
            [[noise]], frames: 2_000, cuts: [333], moves: [.init(at: 777, "factor", to: -2)]
        ).output[0]
        #expect(out == noise.enumerated().map { $0 < 777 ? $1 * 0.75 : $1 * -2 })
    }

    @Test("every instance has channels of its own")
    func instances() throws {
        let node = try Probe.node(
            "late", ["instances": .integer(2), "frames": .integer(3)], inputs: [StreamFormat(rate: 48_000, channels: 2)]
        )
        let ramp = TestSignal.ramp(frames: 2_000)
        let out = try node.render([[noise, ramp]], frames: 2_000, cuts: [64]).output
        #expect(Array(out[0][3...]) == Array(noise[..<1_997]) && Array(out[1][3...]) == Array(ramp[..<1_997]))
    }

    @Test("metadata becomes parameters: ranges, units, words, names that the file has already")
    func parameters() throws {
        let parameters = try Probe.descriptor("gain").parameters
        func parameter(_ name: String) throws -> ParameterDescriptor {
            try #require(parameters.first { $0.name == name }, "\(parameters.map(\.name))")
        }
        let factor = try parameter("factor")
        #expect(factor.kind == .number(-2...2) && factor.defaultValue == .number(0.5) && factor.live)
        #expect(factor.unit == .ratio)
        let shape = try parameter("shape")
        #expect(shape.kind == .choice(["Low", "Mid", "High"]) && shape.defaultValue == .string("Mid") && !shape.live)
        let bypass = try parameter("port_bypass")
        #expect(bypass.kind == .integer(0...1) && bypass.live)
        #expect(
            try Probe.node("gain", ["shape": .string("High")]).descriptor.streamOutputs.map(\.name) == [
                "out", "level", "blocks",
            ])
    }

    @Test("a control output shows each millisecond what the plugin gave for all before it")
    func controlOutput() throws {
        let out = try Probe.node("gain", ["factor": .number(1)]).render([[noise]], frames: 2_000, cuts: [7, 480])
            .outputs
        let level = out[1][0]
        #expect(level.count == 42 && level[0] == 0)
        for k in 1..<level.count { #expect(level[k] == noise[48 * k - 1]) }
        #expect(out[2][0].dropFirst().allSatisfy { $0 == 1 })  // The options were there.
    }

    @Test("CV ports are control ports: values in hold from their millisecond on")
    func cv() throws {
        let node = try Probe.node(
            "cv", inputs: [StreamFormat(rate: 48_000, channels: 1), StreamFormat(rate: 1_000, channels: 1)])
        let values = TestSignal.ramp(from: 1, frames: 42)
        let out = try node.render([[noise], [values]], frames: 2_000, cuts: [100, 1]).outputs
        #expect(out[0][0] == noise.enumerated().map { $1 * values[$0 / 48] })
        for k in 1..<42 { #expect(out[1][0][k] == -values[k - 1]) }
    }

    @Test(
        "latency is what the plugin reports with the values of the file, read anew for each", arguments: [0, 7, 1_000])
    func latency(frames: Int) throws {
        let node = try Probe.node("late", ["frames": .integer(frames)])
        #expect(node.resolution.outputs[0].latency == Rational(Int128(frames)))
        let out = try node.render([[noise]], frames: 2_000, cuts: [64]).output[0]
        #expect(Array(out[frames...]) == Array(noise[..<(2_000 - frames)]))
    }

    @Test("a latency that changes on the way is told once")
    func latencyChanges() throws {
        let rendered = try Probe.node("late").render(
            [[noise]], frames: 2_000, cuts: [64], moves: [.init(at: 640, "frames", to: 20)])
        #expect(rendered.events.map(\.kind) == [1] && rendered.events.first?.told == 640)
        #expect(rendered.events.first?.values.0 == 20 && rendered.events.first?.values.1 == 100)
    }

    @Test("a preset gives defaults and state, and what the file says comes first")
    func presets() throws {
        func factor(_ values: [String: Value]) throws -> Float {
            try Probe.node("state", values).render([[[1, 1, 1, 1]]], frames: 4).output[0][3]
        }
        #expect(try factor([:]) == 1)
        #expect(try factor(["preset": .string("Four Times")]) == 4)
        #expect(try factor(["preset": .string("urn:syrinx:probe:preset:four"), "trim": .number(0.5)]) == 1)
        #expect(try factor(["preset": .string("Half")]) == 0.5)
        let trim = try Probe.descriptor("state", ["preset": .string("Four Times")]).parameters.last
        #expect(trim?.name == "trim" && trim?.defaultValue == .number(2))
        #expect(
            Probe.fault { _ = try Probe.node("state", ["preset": .string("Halfe")]) }.contains("did you mean Half?"))
    }

    @Test("offline, work is done at once: the same answer in every run")
    func workOffline() throws {
        let out = try Probe.node("worker", ["asked": .number(3)]).render([[noise]], frames: 2_000, cuts: [100]).output[
            0]
        #expect(Array(out[..<100]) == Array(noise[..<100]))
        #expect(Array(out[100...]) == noise[100...].map { $0 * 6 })
    }

    @Test("live, a thread does the work while the plugin runs on")
    func workLive() throws {
        let node = try Probe.node("worker", ["asked": .number(3)], isPaced: true)
        let service = try #require(node.prepared.blockingServices.first)
        _ = try node.render([[noise]], frames: 100, cuts: [100])
        // Nothing has worked yet: the plugin has its first factor still.
        #expect(try node.render([[noise]], frames: 100, cuts: [100]).output[0] == Array(noise[..<100]))
        let thread = Thread { try? service.run() }
        thread.start()
        var last: Float = 1
        for _ in 0..<2_000 where last != 6 {
            usleep(1_000)
            last = try node.render([[[1]]], frames: 1, cuts: [1]).output[0][0]
        }
        service.cancel()
        #expect(last == 6)
        while !thread.isFinished { usleep(1_000) }
    }

    @Test("NaN mutes it for good, with one event")
    func muted() throws {
        var loud = TestSignal.constant(0.5, frames: 1_000)
        loud[500] = 2
        let rendered = try Probe.node("broken").render([[loud]], frames: 1_000, cuts: [100])
        let out = rendered.output[0]
        // Without control outputs it is called block by block: the block with the fault is silent too.
        #expect(out[..<500].allSatisfy { $0 == 0.5 } && out[500...].allSatisfy { $0 == 0 })
        #expect(rendered.events.map(\.kind) == [0])
    }

    @Test("what cannot be hosted says why")
    func refusals() throws {
        #expect(Probe.fault { _ = try Probe.node("fixed") }.contains("buf-size#fixedBlockLength"))
        let refused = Probe.fault { _ = try Probe.node("refuses") }
        #expect(refused.contains("cannot be started at 48000 Hz") && refused.contains("no licence for 48000 Hz"))
        #expect(Probe.fault { _ = try Probe.node("gian") }.contains("did you mean urn:syrinx:probe:gain?"))
        #expect(Probe.fault { _ = try Probe.node("gain", ["factor": .number(3)]) }.contains("expected"))
        #expect(Probe.fault { _ = try Probe.node("late", ["instances": .integer(65)]) } != "")
    }
}
