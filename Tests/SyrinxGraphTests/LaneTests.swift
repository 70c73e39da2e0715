import SyrinxCore
import Testing

@testable import SyrinxGraph

@Suite("Branches that several threads render")
struct LaneTests {
    /// Renders lanes in an order that no plan has: what needs another lane shows it.
    struct Backwards: RenderTeam {
        func run(_ count: Int, _ work: (Int) -> Void) { for lane in (0..<count).reversed() { work(lane) } }
    }

    /// Another lane first in every region.
    final class Turning: RenderTeam, @unchecked Sendable {
        private var turn = 0

        func run(_ count: Int, _ work: (Int) -> Void) {
            turn += 1
            for lane in 0..<count { work((lane + turn) % count) }
        }
    }

    static let source: [String: Double] = ["frames": 5_000, "rate_hz": 48_000, "channels": 2]

    /// Pipelines that have each kind of step in their branches.
    static let benches: [(name: String, bench: Bench)] = [
        (
            "a fork and its join, paths of different latency",
            Bench(
                [
                    ("a", "probe.source", source), ("b", "probe.late", ["latency_frames": 30]),
                    ("c", "probe.scale", ["factor": 2]),
                    ("d", "probe.scale", ["factor": 3]), ("e", "probe.late", ["latency_frames": 500]),
                    ("z", "probe.sink", [:]),
                ], ["a -> b -> c -> z", "a -> d -> z", "a -> e -> z"])
        ),
        (
            "four sources, mixed and heard one by one",
            Bench(
                (0..<4).flatMap { n -> [(String, String, [String: Double])] in
                    [
                        ("a\(n)", "probe.source", source), ("b\(n)", "probe.scale", ["factor": Double(n + 1)]),
                        ("c\(n)", "probe.late", ["latency_frames": Double(10 * n)]), ("y\(n)", "probe.sink", [:]),
                    ]
                } + [("z", "probe.sink", [:])],
                (0..<4).flatMap { ["a\($0) -> b\($0) -> c\($0) -> z", "b\($0) -> y\($0)"] })
        ),
        (
            "a loop beside a branch with events",
            Bench(
                [
                    ("a", "probe.source", source), ("sum", "probe.scale", [:]),
                    ("back", "probe.scale", ["factor": 0.5]),
                    ("echo", "probe.echo", ["delay_frames": 77]), ("t", "probe.tick", ["period_frames": 100]),
                    ("u", "probe.tick", ["period_frames": 100]), ("y", "probe.sink", [:]), ("z", "probe.sink", [:]),
                ], ["a -> sum -> z", "sum -> echo -> back -> sum", "a -> t -> y", "a -> u -> y"])
        ),
        (
            "parameters that control links drive, in two branches",
            Bench(
                [
                    ("a", "probe.source", source), ("s", "probe.staircase", [:]), ("l", "probe.level", [:]),
                    ("m", "probe.level", [:]), ("z", "probe.sink", [:]),
                ], ["s -> l.level", "s -> m.level", "a -> l -> z", "a -> m -> z"])
        ),
    ]

    @Test(
        "samples and events are those of one thread, in whatever order lanes are rendered", arguments: benches.indices)
    func same(index: Int) throws {
        let (name, bench) = Self.benches[index]
        let whole = bench.block(4096)
        #expect(try whole.plan(threads: 3).laneCount > 1, "\(name)")
        let expected = try whole.run()
        #expect(expected.tapes.values.contains { $0.contains { $0.contains { $0 != 0 } } })
        for threads in 2...4 {
            for cut in [[4096], [1], [3, 700, 1, 64]] {
                for team in [OneByOne(), Backwards(), Turning()] as [any RenderTeam] {
                    let found = try whole.run(cuts: cut, threads: threads, team: team)
                    #expect(found.tapes == expected.tapes, "\(name), \(threads), \(cut), \(team)")
                    #expect(found.position == expected.position)
                    #expect(
                        found.events.map { [$0.told, $0.happened, Int($0.node)] }
                            == expected.events.map { [$0.told, $0.happened, Int($0.node)] })
                }
            }
        }
    }

    @Test("a region ends before what needs two of its lanes, and behind what two need")
    func regions() throws {
        let plan = try Self.benches[0].bench.plan(threads: 2)
        // The source; three branches in two lanes, what aligns them included; the mix and the sink.
        #expect(plan.regions.map(\.lanes.count) == [1, 2, 1])
        #expect(plan.regions[0].lanes == [0..<1])
        #expect(plan.stepNames.last == "z")
        // Four branches that meet at the end only: a sink of its own is a fork in each.
        #expect(try Self.benches[1].bench.plan(threads: 4).laneCount == 4)
        #expect(try Self.benches[1].bench.plan(threads: 1).regions.count == 1)
    }

    @Test("no lane writes a buffer that another touches in the same region", arguments: benches.indices, [2, 3])
    func buffers(index: Int, threads: Int) throws {
        let resolved = try Self.benches[index].bench.resolved()
        let (schedule, largestBlock) = try #require(PlanCompiler.outline(resolved, threads: threads))
        var allocator = BufferAllocator(nil, frames: largestBlock)
        allocator.run(schedule)
        typealias Buffers = Set<UnsafeMutablePointer<Float>>
        for region in schedule.regions {
            let lanes = region.lanes.map { lane in
                var (written, touched) = (Buffers(), Buffers())
                for operation in schedule.operations[lane] {
                    let made = operation.outputs.compactMap(\.stream).flatMap { allocator.buffers[$0] ?? [] }
                    let read = operation.inputs.compactMap(\.stream) + operation.drives.map(\.stream)
                    if operation.kind == .render { written.formUnion(made) }
                    touched.formUnion(made + read.flatMap { allocator.buffers[$0] ?? [] })
                }
                return (written: written, touched: touched)
            }
            for one in lanes.indices {
                for other in lanes.indices where other != one {
                    #expect(lanes[one].written.isDisjoint(with: lanes[other].touched))
                }
            }
        }
        #expect(schedule.regions.contains { $0.lanes.count > 1 })
    }
}
