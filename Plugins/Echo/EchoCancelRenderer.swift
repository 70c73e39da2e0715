internal import SyrinxClocks
internal import SyrinxCore
internal import SyrinxRealtime

/// The render half of ``EchoCancelNode``: cuts both ends into frames of 10 ms by sample position and shows what comes out
/// of them later by the latency that ``EchoTiming`` states.
final class EchoCancelRenderer: Renderer {
    /// The resamplers take this many samples at a time.
    private static let piece = 256

    /// For reports. Render writes.
    let figures = EchoFigures()
    private let timing: EchoTiming
    private let hasReference: Bool

    let module: AudioProcessing

    // Owned by the render thread, all that follows.
    private nonisolated(unsafe) var core: EchoCore
    /// Both ends on their way to the module's rate, and what it gives on its way back; nil where the rates are equal.
    private nonisolated(unsafe) var inlet: VariableResampler?
    private nonisolated(unsafe) var outlet: VariableResampler?
    /// The frame that is being gathered, and at which sample it will be whole; −1: before the first block.
    private nonisolated(unsafe) var frame = -1
    private nonisolated(unsafe) var due = 0
    /// One frame of both ends, as the resampler gives them; `piece` samples of silence.
    private nonisolated(unsafe) let scratch: UnsafeMutablePointer<Float>
    private nonisolated(unsafe) let silence: UnsafeMutablePointer<Float>

    init(
        _ module: consuming AudioProcessing, _ core: consuming EchoCore, _ timing: EchoTiming, hasReference: Bool
    ) {
        self.timing = timing
        self.hasReference = hasReference
        let length = core.frameLength
        self.module = module
        self.core = core
        scratch = .allocate(capacity: 2 * length)
        scratch.initialize(repeating: 0, count: 2 * length)
        silence = .allocate(capacity: Self.piece)
        silence.initialize(repeating: 0, count: Self.piece)
        guard timing.converts else { return }
        inlet = VariableResampler(
            channels: 2, inputRate: timing.rate, outputRate: timing.moduleRate,
            history: 2 * (length * timing.rate / timing.moduleRate + Self.piece))
        outlet = VariableResampler(
            channels: 1, inputRate: timing.moduleRate, outputRate: timing.rate, history: 8 * length)
    }

    deinit {
        scratch.deallocate()
        silence.deallocate()
    }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        if frame < 0 { begin(at: block.input.position) }
        let (position, values) = (block.input.position, block.output(1))
        var done = 0
        for value in 0..<values.frameCount {
            // The millisecond's first sample: all before it is known by then.
            let instant = values.position + value
            let edge = (instant * timing.rate + Limits.controlRate - 1) / Limits.controlRate - position
            take(block, from: done, to: edge)
            done = max(done, edge)
            block.output(1)[0][value] = Float(core.watch.delay)
            block.output(2)[0][value] = core.watch.enhancement
            block.output(3)[0][value] = core.watch.isDoubleTalk ? 1 : 0
        }
        take(block, from: done, to: block.input.frameCount)
    }

    @_noLocks @_noAllocation
    func reset() {
        module.reset()
        core.reset()
        frame = -1
    }

    @_noLocks @_noAllocation
    private func begin(at position: Int) {
        frame = timing.firstFrame(at: position)
        due = timing.needed(frame)
        guard timing.converts else { return }
        inlet?.restart(at: position)
        outlet?.restart(at: frame &* core.frameLength)
    }

    /// Takes in and gives out the block's samples `first` ..< `last`, in pieces that end where a frame is whole.
    @_noLocks @_noAllocation
    private func take(_ block: RenderBlock, from first: Int, to last: Int) {
        let position = block.input.position
        var done = first
        while done < last {
            let count = min(last &- done, min(due &- (position &+ done), Self.piece))
            let isWhole = position &+ done &+ count == due
            if timing.converts {
                convert(block, from: done, count, isWhole: isWhole)
            } else {
                gather(block, from: done, count, isWhole: isWhole)
            }
            if isWhole {
                frame &+= 1
                due = timing.needed(frame)
            }
            done &+= count
        }
    }

    /// At the module's own rate: frames lie side by side, and the clean one follows the gathered one around.
    @_noLocks @_noAllocation
    private func gather(_ block: RenderBlock, from first: Int, _ count: Int, isWhole: Bool) {
        let place = core.frameLength &- (due &- (block.input.position &+ first))
        let (near, far, clean) = (core.near + place, core.far + place, core.clean + place)
        let (input, output) = (block.input[0], block.output[0])
        for k in 0..<count { near[k] = input[first &+ k] }
        if hasReference {
            let reference = block.input(1)[0]
            for k in 0..<count { far[k] = reference[first &+ k] }
        }
        // All but the frame's last sample show what the last frame gave, one sample on.
        let old = isWhole ? count &- 1 : count
        for k in 0..<old { output[first &+ k] = clean[k &+ 1] }
        guard isWhole else { return }
        finishFrame(block, at: block.input.position &+ first &+ old)
        output[first &+ old] = core.clean[0]
    }

    /// At another rate: through the resamplers.
    @_noLocks @_noAllocation
    private func convert(_ block: RenderBlock, from first: Int, _ count: Int, isWhole: Bool) {
        let (input, reference) = (block.input[0], block.input(1)[0])
        guard let near = input.baseAddress, let base = block.output[0].baseAddress else { return }
        inlet?.append(0, near + first, frames: count)
        if hasReference, let far = reference.baseAddress {
            inlet?.append(1, far + first, frames: count)
        } else {
            inlet?.append(1, silence, frames: count)
        }
        inlet?.finishAppend(count)
        let position = block.input.position &+ first
        if isWhole {
            let length = core.frameLength
            let place = timing.inletPlace(frame)
            inlet?.place(at: place.whole, place.fraction)
            inlet?.render(
                into: scratch, stride: length, frames: length, step: Double(timing.rate) / Double(timing.moduleRate))
            let (near, far, scratch) = (core.near, core.far, scratch)
            for k in 0..<length {
                near[k] = scratch[k]
                far[k] = scratch[length &+ k]
            }
            // What is shown before the frame's last sample was there already.
            show(base + first, at: position, count &- 1)
            finishFrame(block, at: position &+ count &- 1)
            outlet?.append(0, core.clean, frames: length)
            outlet?.finishAppend(length)
            show(base + (first &+ count &- 1), at: position &+ count &- 1, 1)
        } else {
            show(base + first, at: position, count)
        }
    }

    /// Writes output samples from what the module has given; silence before it began.
    @_noLocks @_noAllocation
    private func show(_ output: UnsafeMutablePointer<Float>, at position: Int, _ count: Int) {
        let begin = outlet?.begin ?? 0
        var quiet = 0
        while quiet < count, timing.outletPlace(position &+ quiet).whole < begin {
            output[quiet] = 0
            quiet &+= 1
        }
        if quiet == count { return }
        let place = timing.outletPlace(position &+ quiet)
        outlet?.place(at: place.whole, place.fraction)
        outlet?.render(
            into: output + quiet, stride: 0, frames: count &- quiet,
            step: Double(timing.moduleRate) / Double(timing.rate))
    }

    @_noLocks @_noAllocation
    private func finishFrame(_ block: RenderBlock, at position: Int) {
        core.process(block, module, at: position, rate: timing.rate)
        figures.write(core.watch, lostFrames: core.lostFrames)
    }
}
