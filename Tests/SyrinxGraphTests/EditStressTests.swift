import SyrinxCore
import SyrinxGraph
import SyrinxTestKit
import Testing

@Suite("Hundreds of random edits")
struct EditStressTests {
    /// Plays a patch, puts random ones in at random instants, and hands over what each edit let be heard.
    private func play(
        seed: UInt64, edits: Int, cuts: [Int],
        each: (Player, RandomPatch, RandomPatch, ArraySlice<Float>) throws -> Void
    ) throws {
        var random = SeededRandom(seed: seed)
        var patch = RandomPatch(using: &random, lateType: "probe.late")
        let player = try Player(patch.bench, cuts: cuts)
        try player.play(to: 4000)
        for _ in 0..<edits {
            let next = RandomPatch(using: &random, lateType: "probe.late")
            let from = player.position
            try player.edit(next.bench)
            try player.play(to: from + Int.random(in: 5000...9000, using: &random))
            let tape = try player.tape("z")[0]
            try each(player, patch, next, tape[(from - 1)...])
            patch = next
        }
    }

    @Test("no edit clicks", arguments: [1, 2, 3, 4] as [UInt64])
    func clicks(seed: UInt64) throws {
        var number = 0
        try play(seed: seed, edits: 60, cuts: [64, 1, 300, 17, 512]) { player, old, new, heard in
            number += 1
            #expect(!player.isEditing)
            let step = zip(heard, heard.dropFirst()).map { abs($1 - $0) }.max() ?? 0
            #expect(step < RandomPatch.largestStep(old, new), "edit \(number)")
            #expect(heard.allSatisfy { abs($0) < 1.1 * (old.loudest + new.loudest) })
        }
    }

    @Test("what remains is the plan that the file makes, and nothing of the old one")
    func remains() throws {
        try play(seed: 9, edits: 60, cuts: [512]) { player, _, new, _ in
            let fresh = try new.bench.plan(Player.registry)
            #expect(player.plan.stepNames == fresh.stepNames)
            #expect(player.plan.nodes.map(\.id) == fresh.nodes.map(\.id))
            #expect(player.plan.sampleBytes == fresh.sampleBytes)
            #expect(player.gone.allSatisfy { $0.hasSuffix("'") })
        }
    }

    @Test(
        "random edits sound the same however time is cut", arguments: [[1], [7], [480], [3, 512, 1, 64, 129, 2, 33]])
    func blockInvariance(cut: [Int]) throws {
        func heard(_ cuts: [Int]) throws -> [Float] {
            var all: [Float] = []
            try play(seed: 5, edits: 12, cuts: cuts) { player, _, _, _ in all = try player.tape("z")[0] }
            return all
        }
        let difference = zip(try heard(cut), try heard([512])).map { abs($0 - $1) }.max() ?? 1
        #expect(difference < 1e-6)  // a glide that is cut in two rounds otherwise
    }

    @Test("a hundred faulty edits change nothing")
    func faulty() throws {
        var random = SeededRandom(seed: 11)
        let patch = RandomPatch(using: &random, lateType: "probe.late")
        let plain = try Player(patch.bench)
        let player = try Player(patch.bench)
        let before = player.plan
        for number in 0..<100 {
            var broken = RandomPatch(using: &random, lateType: "probe.late").bench
            switch number % 5 {
            case 0: broken.links.append(DocumentLink("nobody -> z"))
            case 1: broken.nodes.append(DocumentNode(id: "x", type: "unheard-of", parameters: []))
            case 2:
                broken.nodes.append(DocumentNode(id: "x", type: "gain", parameters: []))
                broken.links += [DocumentLink("x -> x")]
            case 3:
                broken.nodes.append(DocumentNode(id: "x", type: "probe.refusing", parameters: []))
                broken.links += [DocumentLink("z2 -> x")]
            default:
                broken.nodes.append(DocumentNode(id: "x", type: "probe.refusing", parameters: []))
            }
            #expect(try !player.attempt(broken).isEmpty)
            try player.play(to: player.position + 200)
        }
        #expect(player.plan === before)
        try plain.play(to: player.position)
        #expect(try player.tape("z") == plain.tape("z"))
    }
}

extension RandomPatch {
    /// The patch with a probe as its sink.
    var bench: Bench {
        var bench = Bench([("z", "probe.sink", ["channels": 1])], []).block(512)
        bench.nodes = nodes + bench.nodes
        bench.links = links
        return bench
    }
}
