internal import Synchronization
internal import SyrinxClocks
internal import SyrinxCore
internal import SyrinxDSP

/// The render half of an ``ALSASourceNode`` whose device has a clock of its own.
final class BridgedSourceRenderer: Renderer {
    private let bridge: ClockBridge
    /// The bridge's; valid as long as it is.
    private let end: ClockBridge.RenderEnd
    /// Owned by the render thread.
    private nonisolated(unsafe) var stamp: CycleStamp

    init(_ bridge: ClockBridge, rate: Int) {
        self.bridge = bridge
        end = bridge.renderEnd
        stamp = CycleStamp(.shared, rate: rate)
    }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let output = block.output
        let count = output.frameCount
        if count > 0 {
            let piece = end.begin(frames: count, cycleTime: stamp.next(count))
            for channel in 0..<output.channelCount {
                guard let target = output[channel].baseAddress else { continue }
                end.read(channel, of: piece, into: target)
            }
            end.finish(piece)
        }
        block.output(1)[0].update(repeating: Float(end.drift()))
        block.output(2)[0].update(repeating: Float(end.fill()))
    }

    /// What comes next is what the device gives next.
    @_noLocks @_noAllocation
    func reset() {}
}

/// The render half of an ``ALSASinkNode`` whose device has a clock of its own.
final class BridgedSinkRenderer: Renderer {
    private let bridge: ClockBridge
    /// The bridge's; valid as long as it is.
    private let end: ClockBridge.RenderEnd
    private let muteIndex = ALSASinkNode.muteIndex
    private let fresh: OutputGuard
    /// One channel of a block, behind the guard. Owned by the render thread, as are the others.
    private nonisolated(unsafe) let scratch: UnsafeMutablePointer<Float>
    private nonisolated(unsafe) var output: OutputGuard
    private nonisolated(unsafe) var stamp: CycleStamp

    init(_ bridge: ClockBridge, _ output: OutputGuard, rate: Int, largestBlock: Int) {
        self.bridge = bridge
        end = bridge.renderEnd
        fresh = output
        self.output = output
        stamp = CycleStamp(.shared, rate: rate)
        scratch = .allocate(capacity: largestBlock)
        scratch.initialize(repeating: 0, count: largestBlock)
    }

    deinit { scratch.deallocate() }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let input = block.input
        let count = input.frameCount
        if count > 0 {
            var output = output
            let piece = end.begin(frames: count, cycleTime: stamp.next(count))
            for channel in 0..<input.channelCount {
                guard let source = input[channel].baseAddress else { continue }
                output.process(source, into: scratch, count: count)
                end.write(channel, of: piece, from: scratch)
            }
            end.finish(piece)
            output.advance(by: count)
            self.output = output
        }
        block.output(0)[0].update(repeating: Float(end.drift()))
        block.output(1)[0].update(repeating: Float(end.fill()))
    }

    @_noLocks @_noAllocation
    func set(_ parameter: Int, to value: Double) {
        if parameter == muteIndex { output.setMute(value >= 0.5) }
    }

    @_noLocks @_noAllocation
    func reset() { output = fresh }
}
