import SyrinxEVI
import SyrinxTestKit
import Testing

@Suite("shared beat", .timeLimit(.minutes(2)))
struct SharedBeatTests {
    @Test("everyone who waits is woken, and nobody before the instant")
    func nobodyEarly() async {
        var random = SeededRandom(seed: 8)
        let waits = (0..<400).map { _ in Duration.microseconds(Int.random(in: -2_000...60_000, using: &random)) }
        let leads = await withTaskGroup(of: Duration.self) { group in
            for wait in waits {
                group.addTask {
                    let instant = ContinuousClock.now + wait
                    await SharedBeat.shared.wait(until: instant)
                    return instant - .now
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(leads.filter { $0 > .zero } == [])
        #expect(leads.count == waits.count)
    }

    @Test("who comes later and waits for less is not held up by who came first")
    func overtaking() async {
        // A late machine may wake both at once; hardly fifty times.
        for _ in 0..<50 {
            let far = ContinuousClock.now + .milliseconds(95)
            async let long: Void = SharedBeat.shared.wait(until: far)
            await Task.yield()
            await SharedBeat.shared.wait(until: .now + .milliseconds(5))
            let isInTime = ContinuousClock.now < far
            await long
            if isInTime { return }
        }
        Issue.record("fifty short waits all ended with the long one beside them")
    }

    @Test("a long wait ends with its task")
    func cancelled() async {
        let begin = ContinuousClock.now
        let task = Task { await SharedBeat.shared.wait(until: begin + .seconds(3600)) }
        task.cancel()
        await task.value
        #expect(ContinuousClock.now - begin < .seconds(60))
    }
}
