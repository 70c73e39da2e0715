import CommandTestKit
import Foundation
import Testing

@Suite("Examples, however time is cut")
struct CutTests {
    @Test(
        "an example writes the same bytes for every block size, for random cuts and on several threads",
        arguments: Example.all)
    func cuts(example: Example) throws {
        try Command.withFolder { folder in
            try Example.makeInputs(in: folder)
            let expected = try example.outputsOfCommand(in: folder, [])
            #expect(expected.allSatisfy { $0.count > 300 })
            for block in [1, 7, 64, 480, 4096] {
                let found = try example.outputsOfCommand(in: folder, ["--set", "engine.block_frames=\(block)"])
                #expect(found == expected, "blocks of \(block)")
            }
            for threads in 2...3 {
                for block in [7, 1024] {
                    let found = try example.outputsOfCommand(
                        in: folder, ["--threads", "\(threads)", "--set", "engine.block_frames=\(block)"])
                    #expect(found == expected, "\(threads) threads, blocks of \(block)")
                }
            }
            for seed: UInt64 in [1, 2] {
                #expect(try example.outputsOfRandomCuts(in: folder, seed: seed) == expected, "random cuts \(seed)")
            }
        }
    }
}
