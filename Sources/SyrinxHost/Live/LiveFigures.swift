public import SyrinxCore

/// What a report tells of a live run alone.
public struct LiveFigures: Sendable {
    /// One fault, as it was explained.
    public struct Fault: Sendable {
        /// The position at R when it was told, and seconds since the run's start.
        public var frame: Int
        public var time: Double
        public var kind: Xrun.Kind
        public var fields: [Value.Member]
    }

    /// Faults that are kept in full; all are counted.
    static let keptFaults = 100

    /// What was agreed on with the device.
    public var facts: [(name: String, value: Value)] = []
    public var xrunCount = 0
    /// The first of them, as many as are kept.
    public var faults: [Fault] = []
    /// Cycles of which the time is known, and those whose record was overwritten before it was read.
    public var cycles = 0
    public var unseenCycles = 0
    /// Cycles that ended after their time, whether the device minded or not.
    public var lateCycles = 0
    /// Time of a cycle: of half of them, of 99 and 99.9 of a hundred, the longest; and the time that there is. Nanoseconds.
    public var p50 = 0
    public var p99 = 0
    public var p999 = 0
    public var longest = 0
    public var period = 0
    /// The latest wake of the render thread, in nanoseconds.
    public var latestWake = 0

    /// The members of the report.
    var members: [Value.Member] {
        func micro(_ nanoseconds: Int) -> Value { .number(Double(nanoseconds) / 1000) }
        func percent(_ nanoseconds: Int) -> Value {
            period > 0 ? .number(Double(nanoseconds) / Double(period) * 100) : .null
        }
        return [
            .init("device", .object(facts.map { .init($0.name, $0.value) })),
            .init(
                "cycle",
                .object([
                    .init("count", .integer(cycles)), .init("unseen", .integer(unseenCycles)),
                    .init("late", .integer(lateCycles)), .init("period_us", micro(period)),
                    .init("p50_us", micro(p50)), .init("p99_us", micro(p99)), .init("p999_us", micro(p999)),
                    .init("max_us", micro(longest)), .init("p50_percent", percent(p50)),
                    .init("p99_percent", percent(p99)), .init("p999_percent", percent(p999)),
                    .init("max_percent", percent(longest)), .init("latest_wake_us", micro(latestWake)),
                ])),
            .init(
                "xrun_list",
                .list(
                    faults.map { fault in
                        .object(
                            [
                                .init("frame", .integer(fault.frame)), .init("time_s", .number(fault.time)),
                                .init("kind", .string(fault.kind.rawValue)),
                            ] + fault.fields)
                    })),
        ]
    }
}
