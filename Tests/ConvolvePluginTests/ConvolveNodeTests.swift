import Glibc
import SyrinxCore
import SyrinxTestKit
import Testing

@testable import ConvolvePlugin

@Suite("convolve")
struct ConvolveNodeTests {
    private let folder: Folder

    init() throws { folder = Folder() }

    private func format(_ channels: Int, _ rate: Int = 48_000) -> StreamFormat {
        StreamFormat(rate: rate, channels: channels)
    }

    @Test("it keeps the contract of renderers, bit for bit, with a change of response")
    func conformance() throws {
        let values: [String: Value] = [
            "path": .string(folder.write("a", [ConvolverTests.response(1_000, seed: 1)], rate: 48_000)),
            "path_b": .string(folder.write("b", [ConvolverTests.response(700, seed: 2)], rate: 48_000)),
        ]
        var plan = ConformancePlan(ConvolveNode.descriptor, channels: [1])
        // The response, and the three blocks that its last level holds.
        plan.memoryFrames = 1_000 + 3 * 256
        plan.frames = 4_000
        plan.moves = [.init(at: 1_500, "select", to: 1), .init(at: 1_700, "select", to: 0)]
        #expect(try checkConformance(ConvolveNode.self, values, plan) == [])
    }

    @Test("a mono response goes to every channel, one of as many channels to each its own")
    func each() throws {
        let taps = (0..<2).map { ConvolverTests.response(800, seed: UInt64($0 + 1)) }
        let inputs = (0..<2).map { TestSignal.noise(seed: UInt64($0 + 5), frames: 3_000) }
        for count in 1...2 {
            let node = try NodeHarness(
                ConvolveNode.self, ["path": .string(folder.write("each", Array(taps[..<count]), rate: 48_000))],
                inputs: [format(2)])
            #expect(node.resolution.outputs[0].format.channels == 2)
            #expect(node.resolution.outputs[0].tail == 799)
            let found = try node.render([inputs], frames: 3_000, cuts: [64]).output
            for channel in 0..<2 {
                let expected = convolve(inputs[channel], taps[count == 1 ? 0 : channel])
                #expect(ConvolverTests.difference(found[channel], expected) < -120)
            }
        }
    }

    @Test("four channels for two make true stereo: left to left, left to right, right to left, right to right")
    func trueStereo() throws {
        let taps = (0..<4).map { ConvolverTests.response(700, seed: UInt64($0 + 1)) }
        let left = TestSignal.noise(seed: 8, frames: 2_000)
        let node = try NodeHarness(
            ConvolveNode.self, ["path": .string(folder.write("four", taps, rate: 48_000))], inputs: [format(2)])
        let silence = TestSignal.silence(frames: 2_000)
        let fromLeft = try node.render([[left, silence]], frames: 2_000).output
        #expect(ConvolverTests.difference(fromLeft[0], convolve(left, taps[0])) < -120)
        #expect(ConvolverTests.difference(fromLeft[1], convolve(left, taps[1])) < -120)
        node.reset()
        let fromRight = try node.render([[silence, left]], frames: 2_000).output
        #expect(ConvolverTests.difference(fromRight[0], convolve(left, taps[2])) < -120)
        #expect(ConvolverTests.difference(fromRight[1], convolve(left, taps[3])) < -120)
    }

    @Test("mono becomes as many channels as the file has")
    func monoToMany() throws {
        let taps = (0..<3).map { ConvolverTests.response(300, seed: UInt64($0 + 1)) }
        let node = try NodeHarness(
            ConvolveNode.self, ["path": .string(folder.write("three", taps, rate: 48_000))], inputs: [format(1)])
        let input = TestSignal.noise(seed: 8, frames: 1_000)
        let found = try node.render([[input]], frames: 1_000).output
        #expect(found.count == 3)
        for channel in 0..<3 {
            #expect(ConvolverTests.difference(found[channel], convolve(input, taps[channel])) < -120)
        }
    }

    @Test("gain and normalisation scale what comes out")
    func scales() throws {
        let path = folder.write("scale", [[0, 0.5, 0, -0.25]], rate: 48_000)
        func impulse(_ values: [String: Value]) throws -> [Float] {
            let node = try NodeHarness(
                ConvolveNode.self, values.merging(["path": .string(path)]) { $1 }, inputs: [format(1)])
            return try node.render([[TestSignal.impulse(frames: 4)]], frames: 4).output[0]
        }
        #expect(try impulse([:]) == [0, 0.5, 0, -0.25])
        #expect(try impulse(["normalize": .string("peak")]) == [0, 1, 0, -0.5])
        let energy = try impulse(["normalize": .string("energy")])
        #expect(abs(energy[1] * energy[1] + energy[3] * energy[3] - 1) < 1e-6)
        #expect(abs(try impulse(["gain_db": .number(-20)])[1] - 0.05) < 1e-7)
    }

    @Test("a response at another rate keeps its gain, its tones and its place", arguments: [44_100, 96_000, 47_999])
    func otherRate(rate: Int) throws {
        // A decaying tone, said in seconds: sampled at any rate it is the same response, but for the scale of its taps.
        func tone(_ rate: Int) -> [Float] {
            (0..<rate / 5).map {
                let t = Double($0) / Double(rate)
                let rise = t < 0.02 ? 0.5 - 0.5 * cos(Double.pi * t / 0.02) : 1
                return Float(rise * sin(2 * Double.pi * 3_000 * t) * exp(-t / 0.03) * 48_000 / Double(rate) * 0.01)
            }
        }
        let node = try NodeHarness(
            ConvolveNode.self, ["path": .string(folder.write("tone", [tone(rate)], rate: rate))], inputs: [format(1)])
        let found = try node.render([[TestSignal.impulse(frames: 9_600)]], frames: 9_600, cuts: [480]).output[0]
        #expect(ConvolverTests.difference(found, tone(48_000)) < -80)
    }

    @Test("what cannot be is told in words: file, kind, channels, layout, rates")
    func faults() throws {
        func fault(_ values: [String: Value], channels: Int = 2, rate: Int = 48_000) -> String {
            do {
                _ = try NodeHarness(ConvolveNode.self, values, inputs: [format(channels, rate)])
                return "none"
            } catch {
                return "\(error.code.name) \(error.message)"
            }
        }
        let three = Value.string(folder.write("3", [[1], [1], [1]], rate: 48_000))
        let one = Value.string(folder.write("1", [[1]], rate: 48_000))
        let four = Value.string(folder.write("4", [[1], [1], [1], [1]], rate: 48_000))
        #expect(
            fault(["path": .string(folder.path + "/none.wav")])
                == "missing-input there is no such file, expected an impulse response")
        #expect(fault(["path": .string(folder.path)]).contains("no regular file"))
        #expect(fault(["path": .string(folder.text("words.wav"))]).contains("no audio file that can be read"))
        #expect(
            fault(["path": three])
                == "missing-input it has 3 channels and 2 come in; expected 1, 2, or a multiple of 2: for every input one "
                + "channel an output")
        #expect(fault(["path": four, "routing": .string("each")]).contains("expected 1 or 2, or routing \"matrix\""))
        #expect(fault(["path": one, "path_b": four]).contains("expected files of one layout"))
        #expect(fault(["path": one, "select": .integer(1)]).contains("found 1, but there is 1 response"))
        #expect(fault(["path": one, "path_c": one]).contains("after one that is missing"))
        let odd = Value.string(folder.write("odd", [[1]], rate: 5_999_993))
        #expect(fault(["path": odd]).contains("it has 5999993 Hz and the stream 48000 Hz"))
    }

    @Test("check opens nothing, and knows as much as the routing tells")
    func check() throws {
        func resolved(_ values: [String: Value]) throws -> PartialFormat {
            let defaults = ConvolveNode.descriptor.parameters.compactMap { parameter in
                parameter.defaultValue.map { (parameter.name, $0) }
            }
            let all = Dictionary(defaults) { $1 }.merging(values) { $1 }.merging(["path": .string("/no.wav")]) { $1 }
            let node = try ConvolveNode(Parameters(path: "nodes.hall", values: all))
            let request = FormatRequest(
                access: .nothing, inputs: [PartialFormat(rate: 48_000, channels: 2)], masterRate: 48_000)
            return try node.resolve(request).outputs[0].format
        }
        #expect(try resolved([:]) == PartialFormat(rate: 48_000, channels: nil))
        #expect(try resolved(["routing": .string("each")]) == PartialFormat(rate: 48_000, channels: 2))
    }
}

/// A folder of responses that goes with the test.
private final class Folder {
    let path: String

    init() {
        var template = Array("/tmp/syrinx-convolve-XXXXXX".utf8CString)
        path = String(cString: mkdtemp(&template)!)
    }

    deinit {
        if let folder = opendir(path) {
            while let entry = readdir(folder) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                unlink("\(path)/\(name)")
            }
            closedir(folder)
        }
        rmdir(path)
    }

    /// A WAV file of 32-bit floats.
    func write(_ name: String, _ channels: [[Float]], rate: Int) -> String {
        let samples = channels[0].indices.flatMap { frame in channels.map { $0[frame] } }
        var bytes: [UInt8] = []
        func put(_ text: String) { bytes += Array(text.utf8) }
        func put<T: FixedWidthInteger>(_ value: T) { withUnsafeBytes(of: value.littleEndian) { bytes += Array($0) } }
        put("RIFF")
        put(UInt32(36 + 4 * samples.count))
        put("WAVEfmt ")
        put(UInt32(16))
        put(UInt16(3))
        put(UInt16(channels.count))
        put(UInt32(rate))
        put(UInt32(4 * rate * channels.count))
        put(UInt16(4 * channels.count))
        put(UInt16(32))
        put("data")
        put(UInt32(4 * samples.count))
        for sample in samples { put(sample.bitPattern) }
        return save(name + ".wav", bytes)
    }

    func text(_ name: String) -> String { save(name, Array("These are words, and nothing that sounds.".utf8)) }

    private func save(_ name: String, _ bytes: [UInt8]) -> String {
        let target = "\(path)/\(name)"
        let file = fopen(target, "wb")
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
        return target
    }
}
