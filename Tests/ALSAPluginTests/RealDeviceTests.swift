import Foundation
import SyrinxCore
import Testing

@testable import ALSAPlugin

/// alsa-lib's own devices, none of which needs a card.
@Suite("alsa-lib's devices")
struct RealDeviceTests {
    init() { #expect(TestConfiguration.isInstalled) }

    /// A rig that stops after so many frames.
    private func rig(
        source: [String: Value]? = nil, sink: [String: Value]? = nil, frames: Int, rate: Int? = nil,
        blockFrames: Int = 256, signal: (@Sendable (Int, Int) -> Float)? = rampValue
    ) throws -> Rig {
        try Rig(
            source: source, sink: sink, rate: rate, blockFrames: blockFrames, on: ALSASystem(), SystemClock(),
            signal: signal, onCycle: { rig, position in if position >= frames { rig.driver.stop() } })
    }

    private func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: TestConfiguration.path(name))))
    }

    /// Samples of 16 bits in some format, as channels.
    private func decode(_ bytes: [UInt8], _ format: PCMSampleFormat, channels: Int) -> [[Float]] {
        var samples: [Float] = []
        for at in stride(from: 0, to: bytes.count / format.width * format.width, by: format.width) {
            let word = (0..<format.width).reduce(UInt32(0)) { $0 | UInt32(bytes[at + $1]) << (8 * $1) }
            switch format {
            case .f32: samples.append(Float(bitPattern: word))
            case .s32: samples.append(Float(Int32(bitPattern: word)) / 0x1p31)
            case .s24, .packed24: samples.append(Float(Int32(bitPattern: word << 8)) / 0x1p31)
            case .s16: samples.append(Float(Int16(truncatingIfNeeded: word)) / 0x1p15)
            }
        }
        return (0..<channels).map { channel in
            stride(from: channel, to: samples.count, by: channels).map { samples[$0] }
        }
    }

    @Test(
        "what is rendered is in the device's file, sample by sample, in every format",
        arguments: PCMSampleFormat.allCases)
    func playback(format: PCMSampleFormat) throws {
        let name = "out-\(format.rawValue).raw"
        let device = "file:'\(TestConfiguration.path(name))',raw"
        let rig = try rig(
            sink: [
                "device": .string(device), "format": .string(format.rawValue), "soft_start_ms": .integer(0),
            ], frames: 4096)
        try rig.run()
        #expect(rig.driver.agreement(.playback)?.format == format)
        let played = decode(try bytes(name), format, channels: 2)
        #expect(difference(played[0], silence(768) + ramp(0..<4096)) == nil)
        #expect(difference(played[1].map { $0 + 0 }, (silence(768) + ramp(0..<4096, 1)).map { $0 + 0 }) == nil)
    }

    @Test("what a device's file holds is heard, and comes out of the same device behind its buffer")
    func duplex() throws {
        var samples: [Int16] = []
        for frame in 0..<8192 {
            for channel in 0..<2 { samples.append(Int16(rampValue(frame, channel) * 32_768)) }
        }
        try samples.withUnsafeBytes { Data($0) }.write(to: URL(fileURLWithPath: TestConfiguration.path("in.raw")))
        let (out, file) = (TestConfiguration.path("both.raw"), TestConfiguration.path("in.raw"))
        let device: [String: Value] = [
            "device": .string("syrinx_tape:'\(out)','\(file)'"), "format": .string("s16"),
        ]
        let rig = try rig(
            source: device, sink: device.merging(["soft_start_ms": .integer(0)]) { $1 }, frames: 4096, signal: nil)
        try rig.run()
        #expect(difference(rig.engines.first?.heard[0] ?? [], ramp(0..<4096)) == nil)
        #expect(difference((rig.engines.first?.heard[1] ?? []).map { $0 + 0 }, ramp(0..<4096, 1).map { $0 + 0 }) == nil)
        let played = decode(try bytes("both.raw"), .s16, channels: 2)
        #expect(difference(played[0], silence(768) + ramp(0..<4096)) == nil)
    }

    @Test("null is found out and paced, and takes what it is given")
    func null() throws {
        let begin = ContinuousClock.now
        let rig = try rig(sink: ["device": .string("null")], frames: 48_000)
        try rig.run()
        #expect(rig.events == ["device_unpaced"])
        // A second of sound, less the allowance of 0.25 s and two buffers.
        #expect(ContinuousClock.now - begin > .milliseconds(650))
        #expect(rig.xruns.isEmpty)
    }

    @Test("a device's own rate is taken before a converter's")
    func ownRate() throws {
        let rig = try rig(sink: ["device": .string("syrinx_44100")], frames: 1)
        #expect(rig.driver.rate == 44_100)
    }

    @Test("a stated rate that only a converter can give is given")
    func convertedRate() throws {
        let rig = try rig(sink: ["device": .string("syrinx_44100")], frames: 9600, rate: 48_000)
        #expect(rig.driver.rate == 48_000)
        try rig.run()
        #expect(rig.engines.first?.position ?? 0 >= 9600)
    }

    @Test("what was agreed on is told")
    func facts() throws {
        let rig = try rig(sink: ["device": .string("null"), "period_frames": .integer(128)], frames: 1)
        let facts = Dictionary(uniqueKeysWithValues: rig.driver.facts.map { ($0.name, $0.value) })
        #expect(facts["device"] == .string("null"))
        #expect(facts["rate_hz"] == .integer(48_000))
        #expect(facts["cycle_frames"] == .integer(128))
        #expect(facts["playback"]?["format"] == .string("f32"))
        #expect(facts["playback"]?["buffer_frames"] == .integer(384))
        #expect(facts["playback"]?["device_channels"] == .integer(2))
    }

    @Test("a device that is not there is named, with alsa-lib's words and what to do")
    func missing() throws {
        let error = #expect(throws: PipelineError.self) { try rig(sink: ["device": .string("nowhere")], frames: 1) }
        #expect(error?.code == .unavailable)
        #expect(
            error?.message
                == "cannot open \"nowhere\" for playback: there is no such device; syrinx devices lists what there is")
        #expect(error?.cause?.contains("Unknown PCM nowhere") == true)
    }

    @Test("a card that is not there is one clear error")
    func missingCard() throws {
        let error = #expect(throws: PipelineError.self) { try rig(sink: ["device": .string("hw:CARD=Nix")], frames: 1) }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("\"hw:CARD=Nix\"") == true)
    }

    @Test("the list names null, and what it can do")
    func list() throws {
        let devices = ALSADeviceList.devices()
        let null = devices.first { $0.name == "null" }
        #expect(null?.plays == true && null?.captures == true)
        let playback = null?.facts.first { $0.name == "playback" }?.value
        #expect(playback?["formats"] == .list(PCMSampleFormat.allCases.map { .string($0.rawValue) }))
        #expect(playback?["rates_hz"]?.list?.contains(.integer(48_000)) == true)
    }
}
