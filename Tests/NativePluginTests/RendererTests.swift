import CommandTestKit
import Foundation
import SyrinxCore
import SyrinxTestKit
import Testing

@testable import NativePlugin

/// The example in C, loaded into the tests' own process.
private struct LoadedGain: Node {
    static let library: Result<PluginLibrary, any Error> = Result {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("syrinx-loaded-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let example = Command.package.appendingPathComponent("Examples/plugins/c")
        let file = folder.appendingPathComponent("c_gain.so").path
        let outcome = try Command.run(
            "/usr/bin/env", ["cc", "-std=c99", "-O2", "-fPIC", "-shared", "-o", file, "c_gain.c", "-lm"], in: example)
        try #require(outcome.code == 0)
        return try PluginLibrary.load(file)
    }

    static var type: TypeDescription { (try? library.get().entries[0].description) ?? missing }
    static var descriptor: NodeDescriptor { type.descriptor }
    private static let missing = TypeDescription(
        descriptor: NodeDescriptor(type: "missing", summary: "It does not build."), inputChannels: [])

    private let node: PluginNode

    init(_ parameters: Parameters) throws(PipelineError) {
        guard case .success(let library) = Self.library else { throw PipelineError(.internal, "it does not build") }
        node = try PluginNode(file: library.path, type: Self.type, parameters)
    }

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { try node.resolve(request) }
    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared { try node.prepare(setup) }
}

@Suite("A plugin's node in process")
struct RendererTests {
    @Test("it keeps the contract of renderers")
    func conformance() throws {
        #expect(LoadedGain.descriptor.type == "c_gain")
        let values: [String: Value] = ["gain_db": .number(-6)]
        #expect(try checkConformance(LoadedGain.self, values, .init(LoadedGain.descriptor, channels: [2])) == [])
        #expect(try checkConformance(LoadedGain.self, values, .init(LoadedGain.descriptor, channels: [1])) == [])
    }

    @Test("a description survives the way through a manifest, and a cut one is nothing")
    func manifest() throws {
        let description = try LoadedGain.library.get().description
        var tokens = TokenList()
        description.write(to: &tokens)
        var reader = TokenReader(tokens.bytes)
        #expect(PluginDescription(from: &reader) == description)
        #expect(reader.isAtEnd)
        for count in 0..<tokens.bytes.count {
            var cut = TokenReader(tokens.bytes[..<count])
            #expect(PluginDescription(from: &cut) == nil)
        }
    }

    @Test("mutated manifests are read or refused, never trusted")
    func fuzz() throws {
        let description = try LoadedGain.library.get().description
        var tokens = TokenList()
        description.write(to: &tokens)
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            var bytes = tokens.bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            var reader = TokenReader(bytes)
            if let read = PluginDescription(from: &reader) { #expect(read.types.count <= DescriptorReader.mostTypes) }
        }
    }
}
