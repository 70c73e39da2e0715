internal import Synchronization
internal import SyrinxCore

/// Gives a schedule its memory: buffers, ports, clocks, steps.
struct PlanAssembler {
    let pipeline: ResolvedPipeline
    let schedule: Schedule
    let nodes: [Plan.Node]
    let masterRate: Int
    let blockFrames: Int
    let largestBlock: (Int) -> Int
    /// Cycles whose times are kept; 0: a run that nothing paces.
    let loggedCycles: Int
    let generation: Int
    let legacy: PlanLegacy

    /// Events that one cycle can hold.
    private static let eventsPerCycle = 4096

    func plan() -> Plan {
        let memory = PlanMemory()
        var allocator = BufferAllocator(memory, frames: largestBlock)
        allocator.run(schedule)
        let rates = self.rates
        let laneCount = schedule.regions.map(\.lanes.count).max() ?? 1
        // Lanes share nothing that a slice changes: clocks and events are their own.
        let clocks = (0..<laneCount).map { _ in memory.table(rates.map { _ in PortClock() }) }
        var widest = 1
        for operation in schedule.operations {
            for access in operation.inputs where access.stream == nil {
                widest = max(widest, largestBlock(access.rate))
            }
        }
        let silence = memory.samples(widest)
        let hasEvents = nodes.contains { !$0.descriptor.events.isEmpty }
        let capacity = hasEvents ? Self.eventsPerCycle : 1
        let none = RenderEvent(node: 0, kind: 0, told: 0, happened: 0, rate: 1, values: (0, 0, 0, 0))
        let events = (0..<laneCount).map { _ in
            memory.table([
                CycleEvents(storage: memory.table(Array(repeating: none, count: capacity)), capacity: capacity)
            ])
        }
        let lanes = schedule.laneOfOperations

        func port(_ access: Schedule.Access, _ lane: Int) -> Port {
            let buffers = access.stream.flatMap { allocator.buffers[$0] }
            let channels = memory.table(access.channels.map { channel in buffers.map { $0[channel] } ?? silence })
            return Port(
                channels: UnsafePointer(channels), channelCount: access.channels.count,
                clock: UnsafePointer(clocks[lane] + (rates.firstIndex(of: access.rate) ?? 0)),
                isConnected: access.isConnected
            )
        }

        var steps = StepList(capacity: schedule.operations.count + schedule.loopSpans.count)
        var names: [String] = []
        let noWatch = memory.table([LoopWatch](), of: LoopWatch.self)
        let noRate = memory.table([Int]())
        let noDrive = memory.table([ParameterDrive](), of: ParameterDrive.self)
        let watches = memory.table(
            pipeline.loops.indices.map { loop in
                let delays = schedule.operations.filter { operation in
                    operation.loop == loop && operation.kind == .absorb
                }
                let lane = schedule.loopSpans[loop].map { lanes[$0.lowerBound] } ?? 0
                let voices = delays.flatMap(\.outputs).map { LoopWatch.Voice(port: port($0, lane), rate: $0.rate) }
                return LoopWatch(
                    voices: UnsafePointer(memory.table(voices, of: LoopWatch.Voice.self)), count: voices.count,
                    masterRate: masterRate)
            }, of: LoopWatch.self)

        // The step of each operation, and the first that belongs to it: where a loop begins there are two.
        var stepOf: [Int] = []
        var firstStep: [Int] = []
        for (place, operation) in schedule.operations.enumerated() {
            let lane = lanes[place]
            firstStep.append(steps.count)
            let ports = memory.table(
                (operation.inputs + operation.outputs).map { port($0, lane) }, of: Port.self)
            let outlet = memory.table(
                [EventOutlet(cycle: events[lane], node: Int32(operation.node ?? -1))], of: EventOutlet.self)
            let block = RenderBlock(ports: UnsafePointer(ports), inputCount: operation.inputs.count, events: outlet)
            if let loop = operation.loop, let span = schedule.loopSpans[loop], span.lowerBound == place {
                names.append("")
                steps.append(
                    Step(
                        action: .loop, renderer: operation.renderer, block: block, drives: noDrive, driveCount: 0,
                        mainClock: 0, count: span.count, pieceFrames: pipeline.loops[loop].pieceFrames,
                        watch: watches + loop, gatedOutputs: 0, gatedRates: UnsafePointer(noRate)))
            }
            names.append(operation.name)
            stepOf.append(steps.count)
            steps.append(
                Step(
                    action: operation.kind == .render ? .render : .absorb, renderer: operation.renderer, block: block,
                    drives: operation.drives.isEmpty
                        ? noDrive
                        : memory.table(
                            operation.drives.map { drive($0, operation, allocator, clocks[lane], rates, memory) },
                            of: ParameterDrive.self),
                    driveCount: operation.drives.count, mainClock: rates.firstIndex(of: operation.mainRate) ?? 0,
                    count: 0, pieceFrames: 0, watch: noWatch,
                    gatedOutputs: canRest(operation) ? operation.outputs.count : 0,
                    gatedRates: UnsafePointer(memory.table(operation.outputs.map(\.rate)))))
        }
        let stepCount = steps.count
        firstStep.append(stepCount)
        let regions = schedule.regions.map { region in
            Region(lanes: region.lanes.map { firstStep[$0.lowerBound]..<firstStep[$0.upperBound] })
        }
        let (keys, targets) = slots
        let log = CycleLog(capacity: loggedCycles, steps: stepCount)
        return Plan(
            resolved: pipeline, masterRate: masterRate, largestBlock: blockFrames, nodes: nodes, sources: sources,
            sinks: sinks, loopLength: pipeline.loops.map(\.length).max(), stepNames: names, regions: regions,
            memory: memory, steps: steps,
            lanes: { steps in
                let slots = UnsafeMutablePointer<ParameterSlot>.allocate(capacity: max(targets.count, 1))
                for (index, target) in targets.enumerated() {
                    (slots + index).initialize(
                        to: ParameterSlot(step: steps + stepOf[target.operation], parameter: target.parameter))
                }
                let hasWrites = memory.table([false], of: Bool.self).withMemoryRebound(
                    to: Atomic<Bool>.self, capacity: 1
                ) { $0 }
                let rateTable = memory.table(rates)
                let times = memory.table([UInt64](repeating: 0, count: stepCount))
                let cycleTimes = memory.table([UInt64](repeating: 0, count: stepCount))
                return (0..<laneCount).map { lane in
                    memory.table(
                        [
                            PlanTables(
                                steps: steps, stepCount: stepCount, clocks: clocks[lane], rates: rateTable,
                                clockCount: rates.count, saved: memory.table(rates.map { _ in PortClock() }),
                                events: events[lane], times: times, cycleTimes: cycleTimes, slots: slots,
                                slotCount: targets.count, hasWrites: hasWrites, watches: watches,
                                watchCount: pipeline.loops.count, entry: legacy.start.position, log: log.writer,
                                isLogged: loggedCycles > 0, generation: generation)
                        ], of: PlanTables.self)
                }
            }, watches: watches, watchCount: pipeline.loops.count, log: log, slotIndices: keys, generation: generation,
            legacy: legacy)
    }

    /// The live parameters that no link drives, and the operation that renders each.
    private var slots: (keys: [Plan.SlotKey: Int], targets: [(operation: Int, parameter: Int)]) {
        var keys: [Plan.SlotKey: Int] = [:]
        var targets: [(operation: Int, parameter: Int)] = []
        for (place, operation) in schedule.operations.enumerated() where operation.kind == .render {
            guard let node = operation.node, !pipeline.nodes[node].bypass else { continue }
            for (index, parameter) in pipeline.nodes[node].descriptor.parameters.enumerated() where parameter.live {
                if operation.drives.contains(where: { $0.parameter == index }) { continue }
                keys[.init(node: pipeline.nodes[node].id, parameter: index)] = targets.count
                targets.append((place, index))
            }
        }
        return (keys, targets)
    }

    /// True: a source without a clock of its own, which a transport can make wait.
    private func canRest(_ operation: Schedule.Operation) -> Bool {
        guard let node = operation.node, operation.kind == .render else { return false }
        let descriptor = pipeline.nodes[node].descriptor
        return descriptor.pace == .free && descriptor.streamInputs.isEmpty
    }

    /// Every rate that occurs, R first.
    private var rates: [Int] {
        var rates = [masterRate]
        for operation in schedule.operations {
            for access in operation.inputs + operation.outputs where !rates.contains(access.rate) {
                rates.append(access.rate)
            }
            if !rates.contains(operation.mainRate) { rates.append(operation.mainRate) }
            if !operation.drives.isEmpty, !rates.contains(Limits.controlRate) { rates.append(Limits.controlRate) }
        }
        return rates
    }

    private func drive(
        _ drive: Schedule.Drive, _ operation: Schedule.Operation, _ allocator: BufferAllocator,
        _ clocks: UnsafeMutablePointer<PortClock>, _ rates: [Int], _ memory: PlanMemory
    ) -> ParameterDrive {
        return ParameterDrive(
            source: UnsafePointer(memory.table(allocator.buffers[drive.stream] ?? [])),
            sourceClock: UnsafePointer(clocks + (rates.firstIndex(of: Limits.controlRate) ?? 0)),
            rate: operation.mainRate, delayFrames: drive.delayFrames, parameter: drive.parameter, scale: drive.scale,
            offset: drive.offset, lowest: drive.range.lowerBound, highest: drive.range.upperBound,
            waiting: drive.queue.state, queue: drive.queue.changes, capacity: drive.queue.capacity)
    }

    private var sources: [Plan.Source] {
        pipeline.nodes.enumerated().compactMap { index, node in
            let bridge = nodes[index].prepared.source
            guard bridge != nil || node.resolution.end != .never, let output = node.resolution.outputs.first,
                let rate = output.format.rate
            else { return nil }
            return .init(
                node: node.id, bridge: bridge, rate: rate, end: node.resolution.end, start: nodes[index].start)
        }
    }

    private var sinks: [Plan.Sink] {
        pipeline.nodes.enumerated().compactMap { index, node in
            // One that nothing is linked to hears silence, and is finished as any other.
            guard let bridge = nodes[index].prepared.sink,
                let rate = pipeline.inputFormats(of: index).first?.format.rate
            else { return nil }
            return .init(
                node: node.id, bridge: bridge, rate: rate, latency: (node.madeFor ?? node.arrival).frame(atRate: rate))
        }
    }
}
