internal import SyrinxCore
internal import SyrinxDSP

/// The render half of ``DelayNode``.
///
/// The line holds w[n] = x[n] + feedback·y[n]; the output is y[n] = w[n − delay], or a crossfade of two such taps. In a
/// loop the input comes after the output: `render` then reads silence for it, writes a line that nobody reads, and
/// `absorb` writes the true one; blocks are no longer than the least delay there. Elsewhere both see the same input.
final class DelayRenderer: Renderer {
    private let limits: DelayLimits
    private let start: (delay: Int, feedback: Float)
    private let channels: Int
    /// Length of a crossfade and of a glide of the feedback, 10 ms.
    private let fadeFrames: Int
    private let feedbackIndex = DelayNode.descriptor.parameters.firstIndex { $0.name == "feedback_ratio" } ?? -1
    /// Frames of one channel's line, a power of two, less one.
    private let mask: Int
    /// Channel by channel. Owned by the render thread.
    private nonisolated(unsafe) let line: UnsafeMutablePointer<Float>
    /// Frames since the start; before the first the line counts as silent, whatever it holds.
    private nonisolated(unsafe) var head = 0
    private nonisolated(unsafe) var taps: DelayTaps
    private nonisolated(unsafe) var feedback: LinearGlide

    init(_ limits: DelayLimits, delay: Double, feedback: Double, _ format: StreamFormat, largestBlock: Int) {
        self.limits = limits
        start = (limits.frames(delay), Float(feedback))
        channels = format.channels
        fadeFrames = max(1, format.rate / 100)
        var length = 1
        while length < limits.longest + largestBlock + 1 { length *= 2 }
        mask = length - 1
        line = .allocate(capacity: length * channels)
        line.initialize(repeating: 0, count: length * channels)
        taps = DelayTaps(start.delay)
        self.feedback = LinearGlide(at: start.feedback)
    }

    deinit { line.deallocate() }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let output = block.output
        var after = taps
        var done = 0
        while done < output.frameCount {
            let count = after.stretch(output.frameCount - done, fadeFrames)
            for channel in 0..<channels {
                let input = block.input[channel]
                if after.isSteady, feedback.isSteady, feedback.target == 0 {
                    pass(input, output[channel], channel, after.delay, from: done, count)
                } else {
                    echo(input, output[channel], channel, after, from: done, count)
                }
            }
            after.advance(by: count, fadeFrames)
            done += count
        }
        if limits.declared == 0 { advance(by: output.frameCount) }
    }

    @_noLocks @_noAllocation
    func absorb(_ block: RenderBlock) {
        let (input, output) = (block.input, block.output)
        for channel in 0..<channels {
            let (x, y, line) = (input[channel], output[channel], line + channel * (mask + 1))
            let (feedback, head, mask) = (feedback, head, mask)
            if feedback.isSteady, feedback.target == 0 {
                for k in 0..<input.frameCount { line[(head + k) & mask] = x[k] }
            } else {
                for k in 0..<input.frameCount {
                    line[(head + k) & mask] = finite(x[k] + finite(y[k]) * feedback.value(at: k))
                }
            }
        }
        advance(by: input.frameCount)
    }

    @_noLocks @_noAllocation
    func set(_ parameter: Int, to value: Double) {
        if parameter == feedbackIndex {
            feedback.aim(at: Float(value), over: fadeFrames)
        } else {
            taps.aim(at: limits.frames(value))
        }
    }

    @_noLocks @_noAllocation
    func reset() {
        head = 0
        taps = DelayTaps(start.delay)
        feedback = LinearGlide(at: start.feedback)
    }

    @_noLocks @_noAllocation
    private func advance(by frames: Int) {
        var done = 0
        while done < frames {
            let count = taps.stretch(frames - done, fadeFrames)
            taps.advance(by: count, fadeFrames)
            done += count
        }
        feedback.advance(by: frames)
        head += frames
    }

    /// One tap, no feedback: in goes to the line, and what is due comes out. Every bit passes.
    @_noLocks @_noAllocation
    private func pass(
        _ input: UnsafeBufferPointer<Float>, _ output: UnsafeMutableBufferPointer<Float>, _ channel: Int,
        _ delay: Int, from first: Int, _ count: Int
    ) {
        let (line, head, mask) = (line + channel * (mask + 1), head, mask)
        for k in first..<first + count { line[(head + k) & mask] = input[k] }
        let silent = min(max(delay - head - first, 0), count)
        for k in first..<first + silent { output[k] = 0 }
        for k in first + silent..<first + count { output[k] = line[(head + k - delay) & mask] }
    }

    /// The general case.
    @_noLocks @_noAllocation
    private func echo(
        _ input: UnsafeBufferPointer<Float>, _ output: UnsafeMutableBufferPointer<Float>, _ channel: Int,
        _ taps: DelayTaps, from first: Int, _ count: Int
    ) {
        let (line, head, mask, feedback) = (line + channel * (mask + 1), head, mask, feedback)
        let step = taps.isSteady ? 0 : 1 / Float(fadeFrames)
        for k in first..<first + count {
            let frame = head + k
            let x = input[k]
            let old = frame < taps.delay ? 0 : line[(frame - taps.delay) & mask]
            let next = frame < taps.next ? 0 : line[(frame - taps.next) & mask]
            let weight = Float(taps.faded + k - first) * step
            // At a delay of 0 the tap is the input itself, and feeds nothing back.
            let echoes = (taps.delay == 0 ? 0 : old * (1 - weight)) + (taps.next == 0 ? 0 : next * weight)
            let direct = (taps.delay == 0 ? 1 - weight : 0) + (taps.next == 0 ? weight : 0)
            line[frame & mask] = finite(x + finite(echoes) * feedback.value(at: k))
            output[k] = direct == 0 ? echoes : echoes + x * direct
        }
    }
}

/// Which delay sounds, and which one it is fading to. In frames.
struct DelayTaps: BitwiseCopyable {
    private(set) var delay: Int
    /// Equal to `delay` while nothing fades.
    private(set) var next: Int
    /// What comes after the fade that is under way.
    private var wanted: Int
    /// Frames of the fade that are done.
    private(set) var faded = 0

    init(_ delay: Int) {
        self.delay = delay
        next = delay
        wanted = delay
    }

    var isSteady: Bool { next == delay }

    @_noLocks @_noAllocation
    mutating func aim(at frames: Int) {
        wanted = frames
        if isSteady { next = frames }
    }

    /// How many of `frames` frames run before the taps change.
    @_noLocks @_noAllocation
    func stretch(_ frames: Int, _ fade: Int) -> Int { isSteady ? frames : min(frames, fade - faded) }

    /// Goes on by a stretch.
    @_noLocks @_noAllocation
    mutating func advance(by frames: Int, _ fade: Int) {
        if isSteady { return }
        faded += frames
        if faded >= fade {
            delay = next
            next = wanted
            faded = 0
        }
    }
}
