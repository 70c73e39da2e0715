internal import Synchronization
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
        /// Where the node began.
        let start: PlanStart
    }

    /// A source that decides when the run ends.
    public struct Source: Sendable {
        public let node: String
        public let bridge: (any SourceBridge)?
        /// At the output's rate.
        public let rate: Int
        public let end: SourceEnd
        let start: PlanStart

        /// P at the source's first frame. Thread: the driver's.
        public var startPosition: Int { start.position.pointee }
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

    /// Tells the plans of a run apart.
    public let generation: Int

    let memory: PlanMemory
    /// What each thread renders with; all but the first only where lanes lie side by side.
    let lanes: [UnsafeMutablePointer<PlanTables>]
    /// The steps of each region's lanes.
    let regions: [Region]
    var tables: UnsafeMutablePointer<PlanTables> { lanes[0] }
    let watches: UnsafeMutablePointer<LoopWatch>
    let watchCount: Int
    let log: CycleLog
    /// The slot of each live parameter that nothing else drives, by node and index among the descriptor's parameters.
    let slotIndices: [SlotKey: Int]

    struct SlotKey: Hashable {
        let node: String
        let parameter: Int
    }

    /// What the plan after this one takes over.
    let legacy: PlanLegacy

    init(
        resolved: ResolvedPipeline, masterRate: Int, largestBlock: Int, nodes: [Node], sources: [Source], sinks: [Sink],
        loopLength: Rational?, stepNames: [String], regions: [Region], memory: PlanMemory,
        steps: consuming StepList, lanes: (UnsafeMutablePointer<Step>) -> [UnsafeMutablePointer<PlanTables>],
        watches: UnsafeMutablePointer<LoopWatch>, watchCount: Int, log: CycleLog, slotIndices: [SlotKey: Int],
        generation: Int, legacy: PlanLegacy
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
        self.lanes = lanes(steps.leak())
        self.regions = regions
        self.watches = watches
        self.watchCount = watchCount
        self.log = log
        self.slotIndices = slotIndices
        self.generation = generation
        self.legacy = legacy
        tail = resolved.tail
        sampleBytes = memory.sampleBytes
    }

    deinit {
        let tables = tables.pointee
        tables.slots.deinitialize(count: tables.slotCount)
        tables.slots.deallocate()
        tables.steps.deinitialize(count: tables.stepCount)
        tables.steps.deallocate()
    }
}

extension Plan {
    /// How many threads can render it at once.
    public var laneCount: Int { lanes.count }

    /// P at the plan's first frame. Thread: any but render, once the plan is or was rendered.
    public var startPosition: Int { legacy.start.position.pointee }

    /// Locks all that rendering touches in memory, so that it is never paged out.
    ///
    /// - Returns: nil, or why some of it is not locked.
    /// - Thread: control, before the plan goes in.
    public func lockMemory() -> String? { memory.lock() }

    /// Writes a live parameter; heard from the next cycle on, and glides.
    ///
    /// - Parameter value: within the parameter's range, never NaN.
    /// - Returns: false if the node or parameter is not there, is not live, or is driven by a link.
    /// - Thread: any.
    public func set(_ node: String, _ parameter: Int, to value: Double) -> Bool {
        guard let slot = slotIndices[SlotKey(node: node, parameter: parameter)] else { return false }
        tables.pointee.slots[slot].write(value)
        tables.pointee.hasWrites.pointee.store(true, ordering: .releasing)
        return true
    }

    /// Each step's name and its part of the time that was measured, in ticks of the processor's counter.
    ///
    /// - Thread: the driver's, between cycles, or any once the plan is no longer rendered.
    public var stepTimes: [(name: String, ticks: UInt64)] {
        stepNames.enumerated().filter { !$1.isEmpty }.map { ($1, tables.pointee.times[$0]) }
    }

    /// Hands over what is known of the plan's cycles since the last call; live runs only.
    ///
    /// - Returns: how many were overwritten before they were read.
    /// - Thread: control, one at a time.
    public func drainCycles(_ each: (CycleRecord) -> Void) -> Int {
        let before = log.lost
        log.drain(each)
        return log.lost - before
    }

    /// Fixes the run's end: tells every sink how many frames it gets.
    ///
    /// - Returns: the position, in frames at R, behind the cycle that holds the last of them.
    /// - Thread: the driver's between cycles; in a live run control, with an end that has not been reached.
    public func end(at end: Rational) -> Int {
        var last = end.frame(atRate: masterRate)
        for sink in sinks {
            let frames = end.frame(atRate: sink.rate) + sink.latency
            sink.bridge.end(at: frames)
            if frames > 0 {
                // Frame n − 1 lies in the cycle that holds its instant, so the cycle ends behind it.
                let instant = Rational(frames: frames - 1, rate: sink.rate) * Rational(Int128(masterRate))
                last = max(last, instant.roundedDown + 1)
            }
        }
        return last
    }
}
