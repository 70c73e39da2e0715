internal import SyrinxRealtime

/// Wakes many tasks at once: whoever waits, waits until a beat, and all beats come from one timer.
///
/// A timer of its own costs each task four changes of thread for every wait; where hundreds of sessions look up every 20 ms,
/// that is most of what they take.
///
/// - Thread: any but render.
package final class SharedBeat: Sendable {
    fileprivate struct State {
        /// Who waits, by the beat they wait for.
        var waiters: [Int64: [UnsafeContinuation<Void, Never>]] = [:]
        /// The beat that the timer comes for; a later serial has taken over.
        var armed: (beat: Int64, serial: Int)?
        var serial = 0
    }

    /// 1 ms.
    private static let beat: Int64 = 1_000_000
    /// Longer waits have a timer of their own, which ends with its task.
    private static let longest = Duration.milliseconds(100)
    package static let shared = SharedBeat()

    private let origin = ContinuousClock.now
    private let state = Locked(State())

    private init() {}

    /// Returns at the first beat that is not before an instant, or when the task is cancelled; up to 100 ms later then.
    package func wait(until instant: ContinuousClock.Instant) async {
        if instant - .now > Self.longest {
            try? await Task.sleep(until: instant, tolerance: .milliseconds(1), clock: .continuous)
            return
        }
        let beat = (nanoseconds(instant) + Self.beat - 1) / Self.beat
        // Resumed once, by whoever takes it out of the table.
        await withUnsafeContinuation { waiter in
            let serial: Int? = state.withLock { state in
                state.waiters[beat, default: []].append(waiter)
                if let armed = state.armed, armed.beat <= beat { return nil }
                return state.arm(beat)
            }
            if let serial { Task { await self.ring(beat, serial) } }
        }
    }

    /// Sleeps from beat to beat until nobody waits or another has taken over.
    private func ring(_ first: Int64, _ serial: Int) async {
        var (beat, serial) = (first, serial)
        while true {
            try? await Task.sleep(until: origin + .nanoseconds(beat * Self.beat), tolerance: .zero)
            let passed = nanoseconds(.now) / Self.beat
            let (due, next) = state.withLock { state -> ([UnsafeContinuation<Void, Never>], (Int64, Int)?) in
                guard state.armed?.serial == serial else { return ([], nil) }
                var due: [UnsafeContinuation<Void, Never>] = []
                for key in state.waiters.keys where key <= max(passed, beat) {
                    due += state.waiters.removeValue(forKey: key) ?? []
                }
                guard let least = state.waiters.keys.min() else {
                    state.armed = nil
                    return (due, nil)
                }
                return (due, (least, state.arm(least)))
            }
            for waiter in due { waiter.resume() }
            guard let next else { return }
            (beat, serial) = next
        }
    }

    /// Since the beginning; what lies before is 0.
    private func nanoseconds(_ instant: ContinuousClock.Instant) -> Int64 {
        let parts = (instant - origin).components
        return max(0, parts.seconds * 1_000_000_000 + parts.attoseconds / 1_000_000_000)
    }
}

extension SharedBeat.State {
    /// - Returns: the serial of the timer that comes for this beat.
    fileprivate mutating func arm(_ beat: Int64) -> Int {
        serial += 1
        armed = (beat, serial)
        return serial
    }
}
