public import SyrinxCore

/// What became of a run: the figures of `--report`.
public struct RunReport: Sendable {
    public enum Outcome: Sendable, Hashable {
        /// It ran to its end.
        case done
        /// Someone called ``Run/stop()``.
        case stopped
        case failed(PipelineError)

        /// The word in the report.
        public var word: String {
            switch self {
            case .done: "done"
            case .stopped: "stopped"
            case .failed: "failed"
            }
        }
    }

    /// One node of the file, or a converter.
    public struct Node: Sendable {
        public let id: String
        public let type: String
        public let isInserted: Bool
        /// It ends a path: a file, a log.
        public let isSink: Bool
        /// What its formats' resolution and its reporter tell; the reporter's word counts.
        public let figures: [Value.Member]
    }

    /// The part of the render time that one step took.
    public struct StepTime: Sendable {
        /// A node's id, or what the compiler put in: `mix -> tape`.
        public let name: String
        /// Of all measured time, 0…100.
        public let sharePercent: Double
        /// For one frame at R.
        public let nanosecondsPerFrame: Double
    }

    public var pipeline: String
    public var name: String?
    public var outcome: Outcome
    public var driver: String
    public var masterRate: Int
    public var blockFrames: Int
    /// Frames at R from the run's start to its end, or to where it was cut short.
    public var frames: Int
    public var wallTime: Double
    public var sampleBytes: Int
    public var nodes: [Node]
    /// By falling share.
    public var stepTimes: [StepTime]
    public var events: [(kind: String, count: Int)]
    public var droppedEvents: Int
    /// What only a run knows that a clock drives.
    public var live: LiveFigures?

    /// Cycles that came too late, and frames that devices lost. Always 0 where nothing paces the run.
    public var xruns: Int { live?.xrunCount ?? 0 }

    /// Seconds of sound.
    public var seconds: Double { Double(frames) / Double(masterRate) }

    /// Speed as a multiple of real time.
    public var speed: Double { wallTime > 0 ? seconds / wallTime : 0 }

    public var sinks: [Node] { nodes.filter(\.isSink) }

    /// The report as it is written to a file.
    public var value: Value {
        var members: [Value.Member] = [.init("pipeline", .string(pipeline))]
        if let name { members.append(.init("name", .string(name))) }
        members.append(.init("outcome", .string(outcome.word)))
        if case .failed(let error) = outcome {
            members.append(
                .init(
                    "error",
                    .object([
                        .init("code", .string(error.code.name)), .init("exit_code", .integer(Int(error.code.exitCode))),
                        .init("message", .string(error.description)),
                    ])))
        }
        members += [
            .init("driver", .string(driver)), .init("rate_hz", .integer(masterRate)),
            .init("block_frames", .integer(blockFrames)), .init("frames", .integer(frames)),
            .init("seconds", .number(seconds)), .init("wall_s", .number(wallTime)),
            .init("speed_ratio", .number(speed)), .init("xruns", .integer(xruns)),
            .init("sample_memory_bytes", .integer(sampleBytes)),
            .init("sinks", Self.nodes(sinks)), .init("nodes", Self.nodes(nodes.filter { !$0.isSink })),
            .init(
                "time",
                .list(
                    stepTimes.map { step in
                        .object([
                            .init("step", .string(step.name)), .init("share_percent", .number(step.sharePercent)),
                            .init("ns_per_frame", .number(step.nanosecondsPerFrame)),
                        ])
                    })),
            .init("events", .object(events.map { .init($0.kind, .integer($0.count)) })),
            .init("dropped_events", .integer(droppedEvents)),
        ]
        return .object(members + (live?.members ?? []))
    }

    private static func nodes(_ nodes: [Node]) -> Value {
        .object(
            nodes.map { node in
                var members: [Value.Member] = [.init("type", .string(node.type))]
                if node.isInserted { members.append(.init("inserted", .boolean(true))) }
                return .init(node.id, .object(members + node.figures))
            })
    }
}
