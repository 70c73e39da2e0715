import Foundation
import FuzzConfig
import SyrinxConfig
import SyrinxCore
import Testing

/// A short run of what `scripts/fuzz` does for as long as one likes.
@Suite("Spoilt files")
struct FuzzTests {
    static let seeds: [[UInt8]] = {
        let folder = BrokenFile.folder.deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fuzz/corpus")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        let whole = names.sorted().compactMap { try? Array(Data(contentsOf: folder.appendingPathComponent($0))) }
        return whole + BrokenFileTests.files.map(\.bytes)
    }()

    /// How many for each seed: with `SYRINX_LONG` two million in all, else 20 000, or 4000 where code runs unoptimised.
    static let count: Int = {
        if ProcessInfo.processInfo.environment["SYRINX_LONG"] == "1" { return 500_000 }
        #if DEBUG
            return 1_000
        #else
            return 5_000
        #endif
    }()

    @Test("no spoilt file breaks a promise of the reader", arguments: 1...4 as ClosedRange<UInt64>)
    func promises(seed: UInt64) {
        #expect(Self.seeds.count > 40)
        var mutator = Mutator(seed: seed)
        for _ in 0..<Self.count {
            let bytes = mutator.spoil(Self.seeds)
            if let broken = ReaderProbe.brokenPromise(bytes) {
                Issue.record("\(broken): \(String(decoding: bytes, as: UTF8.self).debugDescription)")
                return
            }
        }
    }
}
