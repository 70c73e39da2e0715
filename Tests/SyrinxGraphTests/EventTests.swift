import SyrinxCore
import SyrinxGraph
import Testing

@Suite("Events carry their sample time")
struct EventTests {
    private let bench = Bench(
        [
            ("a", "probe.source", ["frames": 2000, "rate_hz": 48_000]), ("s", "probe.tick", ["period_frames": 250]),
            ("t", "probe.tick", ["period_frames": 100]), ("z", "probe.sink", [:]),
        ],
        ["a -> t -> s -> z"]
    ).block(4096)

    @Test("they come in the order of frame and place in the file, however time is cut", arguments: cuts)
    func order(cut: [Int]) throws {
        let events = try bench.run(cuts: cut).events
        let found = events.map { [$0.told, Int($0.node)] }
        var expected: [[Int]] = []
        for frame in 0..<2000 {
            if frame % 250 == 0 { expected.append([frame, 1]) }
            if frame % 100 == 0 { expected.append([frame, 2]) }
        }
        #expect(found == expected)
    }

    @Test("too many in one cycle are dropped and counted, and the sound goes on")
    func dropped() throws {
        let many = Bench(
            [
                ("a", "probe.source", ["frames": 8000]), ("t", "probe.tick", ["period_frames": 1]),
                ("z", "probe.sink", [:]),
            ],
            ["a -> t -> z"]
        ).block(8000)
        let plan = try many.plan()
        let executor = Executor(plan)
        executor.render(8000)
        #expect(executor.droppedEvents == 8000 - 4096)
    }
}
