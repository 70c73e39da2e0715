import Foundation
import SyrinxCore
import Testing

@testable import VoicePlugin

@Suite("a model's file")
struct SafeTensorsTests {
    private func fault(_ body: () throws(ModelFault) -> Void) -> String {
        do throws(ModelFault) {
            try body()
            return "none"
        } catch {
            return error.message
        }
    }

    private func fault(header: String, data: Int = 16, tensor: String = "a", shape: [Int] = [2, 2]) -> String {
        fault { () throws(ModelFault) in
            _ = try SafeTensors(SileroModels.file(header: header, [UInt8](repeating: 0, count: data)))
                .floats(tensor, shape: shape)
        }
    }

    @Test("numbers come back by name, whatever else the header holds")
    func reads() throws {
        let numbers: [Float] = [1, -2.5, 0, 1e-30]
        let plain = try SafeTensors(SileroModels.file([("a", [2, 2], numbers), ("b", [1], [7])]))
        #expect(try plain.floats("a", shape: [2, 2]) == numbers)
        #expect(try plain.floats("b", shape: [1]) == [7])
        let header = #"""
             { "__metadata__" : {"x":"\u00e9\n", "y": [1, {"z": null}, -1.5e3, true]},
            "\u0061" : {"more": {}, "data_offsets": [0, 8], "shape": [2], "dtype": "F32"} , "c":{"dtype":"Q9",
            "shape":[],"data_offsets":[9,3]} }
            """#
        let odd = try SafeTensors(SileroModels.file(header: header, [0, 0, 128, 63, 0, 0, 0, 64]))
        #expect(try odd.floats("a", shape: [2]) == [1, 2])
        #expect(odd.names == ["a", "c"])
    }

    @Test("a fault tells the tensor, what was found, and what was expected")
    func faults() {
        let good = #"{"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}"#
        #expect(fault(header: good) == "none")
        #expect(fault(header: good, tensor: "conv1.bias") == "has no tensor conv1.bias; it has a")
        #expect(fault(header: good, shape: [4]) == "tensor a: found shape [2, 2], expected [4]")
        #expect(
            fault(header: good.replacing("F32", with: "F16")) == "tensor a: found numbers of type F16, expected F32")
        #expect(
            fault(header: good, data: 12) == "tensor a: found bytes 0 to 16 of 12, expected 16 of them within the file")
        #expect(
            fault(header: good.replacing("16", with: "999999999999999")).contains("found bytes 0 to 999999999999999"))
        #expect(fault(header: good.replacing("[0,16]", with: "[16,0]")).contains("found bytes 16 to 0"))
        #expect(fault { () throws(ModelFault) in _ = try SafeTensors([1, 2, 3]) }.contains("found 3 bytes"))
        let nan = SileroModels.file([("a", [2], [1, .nan])])
        #expect(
            fault { () throws(ModelFault) in _ = try SafeTensors(nan).floats("a", shape: [2]) }
                .hasPrefix("tensor a: found nan at 1"))
    }

    @Test(
        "what is no header is refused with its place",
        arguments: [
            "", "{", "[]", "{}x", #"{"a":1}"#, #"{"a":{}}"#, #"{"a":{"dtype":"F32"}}"#, #"{"a" {}}"#, #"{"a"#,
            #"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#,
            #"{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}"#,
            #"{"a":{"dtype":"F32","shape":[1e3],"data_offsets":[0,4]}}"#,
            #"{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}}"#,
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}"#,
            #"{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
            #"{"__metadata__":"# + String(repeating: "[", count: 100_000), #"{"\q":{}}"#, #"{"\u12":{}}"#,
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
        ])
    func headers(header: String) {
        let said = fault(header: header)
        #expect(said.hasPrefix("is no safetensors file: its header has "))
        #expect(said.contains(" at byte "))
    }

    @Test("the model must have every tensor in its shape, and the transform that is known")
    func model() throws {
        func said(_ file: [UInt8]) -> String {
            fault { () throws(ModelFault) in _ = try SileroWeights(SafeTensors(file)) }
        }
        #expect(said(SileroModels.drawnFile()) == "none")
        for (name, _) in SileroModels.shapes {
            #expect(said(SileroModels.drawnFile(without: name)).hasPrefix("has no tensor \(name); it has "))
        }
        var transform = SileroModels.transform
        transform[5 * 256 + 100] += 0.001
        #expect(
            said(SileroModels.drawnFile(["stft_conv.weight": transform]))
                .hasPrefix("tensor stft_conv.weight: row 5 is no windowed Fourier transform of 256 points"))
    }

    @Test("no damaged file brings the reader down")
    func damage() {
        var random: UInt64 = 42
        func next(_ bound: Int) -> Int {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(random >> 33) % bound
        }
        let good = SileroModels.file([("a", [2, 2], [1, 2, 3, 4]), ("b.weight", [3], [5, 6, 7])])
        func read(_ bytes: [UInt8]) -> Bool {
            fault { () throws(ModelFault) in
                let file = try SafeTensors(bytes)
                _ = try file.floats("a", shape: [2, 2])
                _ = try file.floats("b.weight", shape: [3])
            } == "none"
        }
        #expect(read(good))
        for count in 0..<good.count { #expect(!read(Array(good[..<count]))) }
        let words: [[UInt8]] = ["{", "}", "[", "]", "\"", ",", ":", "\\u", "9999999999", "-1", "\u{0}"].map {
            Array($0.utf8)
        }
        var refused = 0
        for _ in 0..<4000 {
            var bytes = good
            for _ in 0...next(4) {
                let place = next(bytes.count)
                switch next(4) {
                case 0: bytes[place] = UInt8(next(256))
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(contentsOf: words[next(words.count)], at: place)
                default: bytes[next(8)] ^= 1 << UInt8(next(8))
                }
                if bytes.count < 9 { break }
            }
            if !read(bytes) { refused += 1 }
        }
        #expect(refused > 2000)
    }

    @Test("a model that is not there is an error that says where it was looked for and what to do")
    func absence() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "models-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func said(_ body: () throws(PipelineError) -> Void) -> (PipelineError.Code, String) {
            do throws(PipelineError) {
                try body()
                return (.internal, "none")
            } catch {
                return (error.code, "\(error)")
            }
        }
        let none = said { () throws(PipelineError) in _ = try NeuralModel.found(in: folder, at: "nodes.vad.model") }
        #expect(none.0 == .missingInput)
        #expect(none.1.hasPrefix("nodes.vad.model: found neither silero_vad_16k_op15.safetensors nor silero_vad"))
        #expect(none.1.contains("in \(folder); scripts/models puts them there"))
        let named = said { () throws(PipelineError) in _ = try NeuralModel.network("\(folder)/x", at: "p") }
        #expect(named.1 == "p: cannot read the model \(folder)/x (No such file or directory)")
        let directory = said { () throws(PipelineError) in _ = try NeuralModel.network(folder, at: "p") }
        #expect(directory.1 == "p: \(folder) is not a regular file")
        let pipe = "\(folder)/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        let held = said { () throws(PipelineError) in _ = try NeuralModel.network(pipe, at: "p") }
        #expect(held.1 == "p: \(pipe) is not a regular file")
        let good = "\(folder)/silero_vad_16k.safetensors"
        #expect(FileManager.default.createFile(atPath: good, contents: Data(SileroModels.drawnFile())))
        #expect(try NeuralModel.found(in: folder, at: "p") == good)
        _ = try NeuralModel.network(good, at: "p")
        let bad = "\(folder)/bad"
        #expect(FileManager.default.createFile(atPath: bad, contents: Data([1, 2, 3])))
        let damaged = said { () throws(PipelineError) in _ = try NeuralModel.network(bad, at: "p") }
        #expect(damaged.1 == "p: \(bad): found 3 bytes, expected a safetensors file, which has at least 8")
    }
}
