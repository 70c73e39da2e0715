internal import SyrinxCore
internal import SyrinxGraph

/// Finds out from the last cycles why one came too late: whose fault it was, and which step took longest.
struct XrunExplainer {
    /// What is known of a fault.
    struct Explanation: Equatable {
        var kind: Xrun.Kind
        /// The step that took longer than usual, where one did.
        var step: String?
        /// Of the cycle that explains it, in microseconds.
        var lateMicroseconds = 0.0
        var cycleMicroseconds = 0.0
        var periodMicroseconds = 0.0
    }

    /// One cycle, in nanoseconds.
    struct Cycle {
        var position: Int
        var lateness: Int
        var duration: Int
        var period: Int
        /// The step that was furthest above its usual time, and by how much it was.
        var worstStep: String?
        var worstExcess = 0

        var overrun: Int { lateness + duration - period }
    }

    /// Cycles that are looked through: what a server tells comes some periods later.
    private static let window = 256
    private var cycles: [Cycle] = []
    /// The usual time of each step, in ticks, by name; a slow mean.
    private var usual: [String: Double] = [:]

    /// Takes the record of a cycle.
    mutating func add(_ record: CycleRecord, stepNames: [String], nanosecondsPerTick: Double) {
        var cycle = Cycle(
            position: record.position, lateness: record.lateness,
            duration: Int(Double(record.ticks) * nanosecondsPerTick), period: record.period)
        for (name, ticks) in zip(stepNames, record.stepTicks) where !name.isEmpty {
            let mean = usual[name] ?? Double(ticks)
            let excess = Int((Double(ticks) - mean) * nanosecondsPerTick)
            if excess > cycle.worstExcess {
                cycle.worstExcess = excess
                cycle.worstStep = name
            }
            // A step that is slow once does not move what is usual.
            usual[name] = mean + (min(Double(ticks), 4 * mean) - mean) / 128
        }
        if cycles.count == Self.window { cycles.removeFirst(Self.window / 2) }
        cycles.append(cycle)
    }

    /// Explains what a driver told: the worst of the last cycles decides.
    ///
    /// - Returns: `.device` if every cycle was over in time: then it was none of ours.
    mutating func explain(_ xrun: Xrun) -> Explanation {
        let worst = cycles.max { $0.overrun < $1.overrun }
        var explanation = Explanation(kind: xrun.kind ?? .device, step: nil)
        guard let worst else { return explanation }
        explanation.lateMicroseconds = Double(worst.lateness) / 1000
        explanation.cycleMicroseconds = Double(worst.duration) / 1000
        explanation.periodMicroseconds = Double(worst.period) / 1000
        // Each cycle explains one fault only.
        cycles.removeAll()
        if xrun.kind != nil { return explanation }
        // In time, with a tenth of the period for what the server does around it, and not half a period late.
        if worst.overrun < -worst.period / 10, worst.lateness < worst.period / 2 { return explanation }
        // A step can only be blamed for what it took beyond its usual time.
        let isSlow = worst.worstExcess > worst.lateness && worst.worstExcess > worst.period / 10
        explanation.kind = isSlow || worst.lateness <= worst.period / 10 ? .slowNode : .lateWake
        explanation.step = explanation.kind == .slowNode ? worst.worstStep : nil
        return explanation
    }
}
