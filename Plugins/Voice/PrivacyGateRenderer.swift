internal import SyrinxCore
internal import SyrinxDSP

/// The render half of ``PrivacyGateNode``.
///
/// A block is worked through in pieces that end where a control value counts, so that cuts never show.
final class PrivacyGateRenderer: Renderer {
    private let rate: Int
    private let channels: Int
    private let fadeFrames: Int
    /// Control values, a millisecond each.
    private let tailValues: Int
    private let hasMute: Bool
    private let hasPass: Bool
    private let startsMuted: Bool
    private let muteIndex = PrivacyGateNode.descriptor.parameters.firstIndex { $0.name == "mute" } ?? -1
    /// Shut where somebody has yet to say that sound may pass.
    private let first: LinearGlide
    /// Owned by the render thread, as all that follows.
    private nonisolated(unsafe) var gain: LinearGlide
    private nonisolated(unsafe) var isMuted: Bool
    /// What `mute_while` says, tail included, and how much of the tail is left.
    private nonisolated(unsafe) var isShut = false
    private nonisolated(unsafe) var tailLeft = 0
    private nonisolated(unsafe) var mayPass: Bool

    init(_ settings: PrivacySettings, _ setup: Setup) {
        let format = setup.inputs[0].format
        rate = format.rate
        channels = format.channels
        fadeFrames = Int((settings.fadeMilliseconds * Double(format.rate) / 1_000).rounded())
        tailValues = Int(settings.tailMilliseconds.rounded(.up))
        hasMute = setup.inputs[1].isConnected
        hasPass = setup.inputs[2].isConnected
        startsMuted = settings.isMuted
        isMuted = startsMuted
        mayPass = !hasPass
        first = LinearGlide(at: startsMuted || hasMute || hasPass ? 0 : 1)
        gain = first
    }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let (input, open, muted) = (block.input, block.output(1), block.output(2))
        var done = 0
        for value in 0..<open.frameCount {
            // The millisecond's first frame.
            let instant = (open.position &+ value) &* rate &+ Limits.controlRate &- 1
            let edge = min(max(instant / Limits.controlRate &- input.position, done), input.frameCount)
            pass(block, from: done, to: edge)
            done = edge
            hear(block, value)
            let gain = gain
            open[0][value] = gain.isSteady ? gain.target : 1
            muted[0][value] = isMuted ? 1 : isShut ? 1 : 0
        }
        pass(block, from: done, to: input.frameCount)
    }

    @_noLocks @_noAllocation
    func set(_ parameter: Int, to value: Double) {
        if parameter != muteIndex { return }
        isMuted = !(value < 0.5)
        aim()
    }

    @_noLocks @_noAllocation
    func reset() {
        isMuted = startsMuted
        isShut = false
        tailLeft = 0
        mayPass = !hasPass
        gain = first
    }

    /// Takes the control inputs' next value, which have the same grid as the outputs.
    @_noLocks @_noAllocation
    private func hear(_ block: RenderBlock, _ value: Int) {
        if hasMute {
            // What is no number is a yes.
            let isAsked = !(block.input(1)[0][value] < 0.5)
            let left = tailLeft
            isShut = isAsked ? true : left > 0
            tailLeft = isAsked ? tailValues : max(0, left &- 1)
        }
        if hasPass { mayPass = block.input(2)[0][value] >= 0.5 }
        aim()
    }

    @_noLocks @_noAllocation
    private func aim() {
        let passes = isMuted ? false : isShut ? false : mayPass
        gain.aim(at: passes ? 1 : 0, over: fadeFrames)
    }

    @_noLocks @_noAllocation
    private func pass(_ block: RenderBlock, from first: Int, to last: Int) {
        if first >= last { return }
        let gain = gain
        for channel in 0..<channels {
            let (x, y) = (block.input[channel], block.output[channel])
            if !gain.isSteady {
                for k in first..<last { y[k] = fade(x[k], gain.value(at: k &- first)) }
            } else if gain.target == 0 {
                for k in first..<last { y[k] = 0 }
            } else {
                for k in first..<last { y[k] = x[k] }
            }
        }
        self.gain.advance(by: last &- first)
    }

    /// Exactly zero where the gain is, whatever the sample.
    @_noLocks @_noAllocation
    private func fade(_ sample: Float, _ gain: Float) -> Float { gain == 0 ? 0 : sample * gain }
}
