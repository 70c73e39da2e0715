internal import CPluginHost
internal import SyrinxCore
internal import SyrinxRealtime

/// The render half of ``IsolatedNode``: puts what comes in into shared memory, and gives out what was answered.
final class IsolatedRenderer: Renderer {
    /// Keeps the memory.
    private let host: IsolatedHost
    private let rate: Int
    private let kinds: Int
    private let delay: Int
    /// Owned by the render thread, as all below.
    private nonisolated(unsafe) let lane: UnsafeMutablePointer<syrinx_lane>
    private nonisolated(unsafe) let inputs: UnsafeMutablePointer<UnsafePointer<Float>?>
    private nonisolated(unsafe) let outputs: UnsafeMutablePointer<UnsafeMutablePointer<Float>?>
    private let inputCount: Int
    private let outputCount: Int

    /// - Parameter host: active.
    init(_ host: IsolatedHost, _ setup: Setup, delay: Int) {
        self.host = host
        self.delay = delay
        rate = setup.output.format.rate
        kinds = host.type.descriptor.events.count
        inputCount = setup.inputs.count
        outputCount = setup.outputs.count
        let width = setup.inputs.map(\.format.channels).reduce(0, +)
        let outputWidth = setup.outputs.map(\.format.channels).reduce(0, +)
        inputs = .allocate(capacity: max(1, width))
        inputs.initialize(repeating: nil, count: max(1, width))
        outputs = .allocate(capacity: max(1, outputWidth))
        outputs.initialize(repeating: nil, count: max(1, outputWidth))
        let held = UnsafeMutablePointer<Float>.allocate(capacity: max(1, outputWidth))
        held.initialize(repeating: 0, count: max(1, outputWidth))
        lane = .allocate(capacity: 1)
        lane.initialize(
            to: syrinx_lane(
                shared: host.shared, inputs: UInt32(width), outputs: UInt32(outputWidth), delay: UInt32(delay),
                fade: UInt32(max(1, rate / 200)), capacity: syrinx_lane_capacity(UInt32(delay)), position: 0, valid: 0,
                quiet: 0, level: 1, held: held))
    }

    deinit {
        lane.pointee.held.deallocate()
        lane.deallocate()
        inputs.deallocate()
        outputs.deallocate()
    }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        var place = 0
        for index in 0..<inputCount {
            let port = block.input(index)
            for channel in 0..<port.channelCount { inputs[place &+ channel] = port[channel].baseAddress }
            place &+= port.channelCount
        }
        place = 0
        for index in 0..<outputCount {
            let port = block.output(index)
            for channel in 0..<port.channelCount { outputs[place &+ channel] = port[channel].baseAddress }
            place &+= port.channelCount
        }
        let frames = block.output.frameCount
        if frames == 0 { return }
        let (lane, inputs, outputs) = (lane, inputs, outputs)
        // Copies, atomics, and one futex that wakes the helper: it waits for nothing. That one system call is allowed here.
        _unsafePerformance {
            RenderSection.lookAway()
            _ = syrinx_lane_exchange(lane, inputs, outputs, UInt32(truncatingIfNeeded: frames))
            RenderSection.lookAgain()
        }
        emit(block)
    }

    /// Tells the events of what was given out.
    @_noLocks @_noAllocation
    private func emit(_ block: RenderBlock) {
        if kinds == 0 { return }
        let (lane, frames) = (lane, block.output.frameCount)
        var event = syrinx_lane_event()
        // No more than a cycle can hold anyway.
        for _ in 0..<1024 {
            // Reads two atomics and a slot.
            if _unsafePerformance({ syrinx_lane_take(lane, &event) }) == 0 { return }
            let since = lane.pointee.position &- event.frame &- Int64(delay)
            let place = min(max(Int64(frames) &- since, 0), Int64(frames) &- 1)
            if event.kind < kinds {
                block.emit(
                    Int(event.kind), at: block.output.position &+ Int(place), rate: rate, earlier: delay,
                    (event.values.0, event.values.1, event.values.2, event.values.3))
            }
        }
    }

    @_noLocks @_noAllocation
    func set(_ parameter: Int, to value: Double) {
        let lane = lane
        _unsafePerformance { syrinx_lane_set(lane, UInt32(truncatingIfNeeded: parameter), value) }  // Atomics.
    }

    @_noLocks @_noAllocation
    func reset() {
        let lane = lane
        _unsafePerformance { syrinx_lane_reset(lane) }  // As `set`.
    }
}
