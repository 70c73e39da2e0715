public import SyrinxCore

/// The compiled, immutable schedule that the render thread executes, with all that must outlive it.
// SAFETY: built on the control thread; the tables are touched by the render thread only, through ``Executor``.
public final class Plan: @unchecked Sendable {
    /// A node of the plan as the host sees it.
    public struct Node: Sendable {
        public let id: String
        public let descriptor: NodeDescriptor
        public let prepared: Prepared
        /// The node's place in the file.
        public let place: Int
        /// How late its inputs are, in seconds: what is taken off the time of its events.
        public let arrival: Rational
    }

    /// A source that decides when the run ends.
    public struct Source: Sendable {
        public let node: String
        public let bridge: (any SourceBridge)?
        /// At the output's rate.
        public let rate: Int
        public let end: SourceEnd
    }

    /// A sink that gets exactly the run's frames.
    public struct Sink: Sendable {
        public let node: String
        public let bridge: any SinkBridge
        public let rate: Int
        /// Frames that come before frame 0 of the run.
        public let latency: Int
    }

    public let resolved: ResolvedPipeline
    public let masterRate: Int
    public let largestBlock: Int
    public let nodes: [Node]
    public let sources: [Source]
    public let sinks: [Sink]
    public let tail: Rational
    /// The longest time that a sound needs to go round a loop; nil where there is none.
    public let loopLength: Rational?
    /// Bytes of sample memory, buffers reused counted once.
    public let sampleBytes: Int
    /// What each step is, for timing and reports: a node's id, or what the compiler put in; empty for a loop, whose steps
    /// follow it.
    public let stepNames: [String]

    let memory: PlanMemory
    let steps: UnsafeMutablePointer<Step>
    let stepCount: Int
    let clocks: UnsafeMutablePointer<PortClock>
    let rates: UnsafeMutablePointer<Int>
    let clockCount: Int
    let events: UnsafeMutablePointer<CycleEvents>
    let watches: UnsafeMutablePointer<LoopWatch>
    let watchCount: Int

    init(
        resolved: ResolvedPipeline, masterRate: Int, largestBlock: Int, nodes: [Node], sources: [Source], sinks: [Sink],
        loopLength: Rational?, stepNames: [String], memory: PlanMemory, steps: consuming StepList,
        clocks: UnsafeMutablePointer<PortClock>, rates: [Int], events: UnsafeMutablePointer<CycleEvents>,
        watches: UnsafeMutablePointer<LoopWatch>, watchCount: Int
    ) {
        self.resolved = resolved
        self.masterRate = masterRate
        self.largestBlock = largestBlock
        self.nodes = nodes
        self.sources = sources
        self.sinks = sinks
        self.loopLength = loopLength
        self.stepNames = stepNames
        self.memory = memory
        stepCount = steps.count
        self.steps = steps.leak()
        self.clocks = clocks
        self.rates = memory.table(rates)
        self.events = events
        self.watches = watches
        self.watchCount = watchCount
        clockCount = rates.count
        tail = resolved.tail
        sampleBytes = memory.sampleBytes
    }

    deinit {
        steps.deinitialize(count: stepCount)
        steps.deallocate()
    }
}
