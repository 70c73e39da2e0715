internal import Synchronization
internal import SyrinxClocks
internal import SyrinxCore
internal import SyrinxDSP

/// The render half of a ``JACKSourceNode`` where another driver leads.
final class JACKBridgedSourceRenderer: Renderer {
    /// Keeps the lanes.
    private let seat: JACKSeat
    private let lanes: JACKLanes.Side
    /// Owned by the render thread.
    private nonisolated(unsafe) var stamp: CycleStamp

    init(_ seat: JACKSeat, rate: Int) {
        self.seat = seat
        lanes = seat.lanes.render
        stamp = CycleStamp(.shared, rate: rate)
    }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let (output, lanes) = (block.output, lanes)
        guard let lane = lanes.take() else { return }
        let end = lane.pointee.end
        let count = output.frameCount
        if count > 0 {
            let piece = end.begin(frames: count, cycleTime: stamp.next(count))
            for channel in 0..<output.channelCount {
                if let target = output[channel].baseAddress { end.read(channel, of: piece, into: target) }
            }
            end.finish(piece)
        }
        block.output(1)[0].update(repeating: Float(end.drift()))
        block.output(2)[0].update(repeating: Float(end.fill()))
        lanes.leave()
    }

    /// What comes next is what the server gives next.
    @_noLocks @_noAllocation
    func reset() {}
}

/// The render half of a ``JACKSinkNode`` where another driver leads.
final class JACKBridgedSinkRenderer: Renderer, Reporter {
    /// Keeps the lanes.
    private let seat: JACKSeat
    private let heard: JACKOutputFigures
    private nonisolated(unsafe) let meter: JACKOutputFigures.Meter
    private let fresh: OutputGuard
    private let lanes: JACKLanes.Side
    private nonisolated(unsafe) let arrivals: UnsafeMutablePointer<Atomic<Int>>
    /// One channel of a block, behind the guard. Owned by the render thread, as are the others.
    private nonisolated(unsafe) let scratch: UnsafeMutablePointer<Float>
    private nonisolated(unsafe) var guarded: OutputGuard
    private nonisolated(unsafe) var arrival = 0
    private nonisolated(unsafe) var stamp: CycleStamp

    init(_ seat: JACKSeat, _ guarded: OutputGuard, rate: Int, largestBlock: Int) {
        self.seat = seat
        heard = JACKOutputFigures(channels: seat.group.channels)
        meter = heard.meter
        lanes = seat.lanes.render
        arrivals = seat.arrivals
        fresh = guarded
        self.guarded = guarded
        stamp = CycleStamp(.shared, rate: rate)
        scratch = .allocate(capacity: largestBlock)
        scratch.initialize(repeating: 0, count: largestBlock)
    }

    deinit { scratch.deallocate() }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let (input, lanes, scratch) = (block.input, lanes, scratch)
        guard let lane = lanes.take() else { return }
        let end = lane.pointee.end
        let count = input.frameCount
        if count > 0 {
            var guarded = guarded
            let arrived = arrivals.pointee.load(ordering: .acquiring)
            if arrived != arrival {
                arrival = arrived
                guarded.restart()
            }
            let piece = end.begin(frames: count, cycleTime: stamp.next(count))
            for channel in 0..<input.channelCount {
                guard let source = input[channel].baseAddress else { continue }
                guarded.process(source, into: scratch, count: count)
                meter.hear(UnsafeBufferPointer(start: scratch, count: count))
                end.write(channel, of: piece, from: scratch)
            }
            end.finish(piece)
            guarded.advance(by: count)
            self.guarded = guarded
            meter.count(count, guarded)
        }
        block.output(0)[0].update(repeating: Float(end.drift()))
        block.output(1)[0].update(repeating: Float(end.fill()))
        lanes.leave()
    }

    @_noLocks @_noAllocation
    func set(_ parameter: Int, to value: Double) { guarded.setMute(value >= 0.5) }

    @_noLocks @_noAllocation
    func reset() {
        guarded = fresh
        meter.reset()
    }

    /// Thread: any.
    func figures() -> [(name: String, value: Value)] { heard.figures() + seat.figures() }
}
