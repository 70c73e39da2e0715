internal import SyrinxCore
internal import SyrinxDSP

/// What a ``SignalRenderer`` plays, in frames and Hz.
struct SignalRecipe {
    var shape: SignalShape
    var rate: Int
    var frequency: Double
    var endFrequency = 0.0
    var isExponential = true
    /// dB relative to full scale.
    var level: Double
    /// Length of a sweep, or from impulse to impulse; 0: there is only one impulse.
    var period = 0
    var firstImpulse = 0
    var seed: UInt64 = 1
    /// The first frame that is silent for good.
    var endFrame = Int.max
}

/// The render half of ``SignalNode``.
final class SignalRenderer: Renderer {
    private let recipe: SignalRecipe
    private let frequencyIndex = SignalNode.descriptor.parameters.firstIndex { $0.name == "frequency_hz" }
    private let channels: Int
    /// Length of a glide of the level, 10 ms.
    private let glideFrames: Int
    /// One a channel; as they stand before frame 0, and as they are now. Owned by the render thread.
    private nonisolated(unsafe) let freshPink: UnsafeMutablePointer<PinkFilter>
    private nonisolated(unsafe) let pink: UnsafeMutablePointer<PinkFilter>
    /// The phase of the next frame, its step, and the frequency asked for. Owned by the render thread.
    private nonisolated(unsafe) var phase = Phase()
    private nonisolated(unsafe) var step: UInt64
    private nonisolated(unsafe) var frequency: Double
    /// Where the sweep under way began. Owned by the render thread.
    private nonisolated(unsafe) var sweepFrequency: Double
    private nonisolated(unsafe) var glide: LinearGlide

    init(_ recipe: SignalRecipe, channels: Int) {
        self.recipe = recipe
        self.channels = channels
        glideFrames = recipe.rate / 100
        frequency = recipe.frequency
        sweepFrequency = recipe.frequency
        step = Phase.step(recipe.frequency, rate: recipe.rate)
        glide = LinearGlide(at: decibelsToLinear(recipe.level))
        freshPink = .allocate(capacity: channels)
        pink = .allocate(capacity: channels)
        for channel in 0..<channels {
            // Filled with the noise before frame 0, so that the first sample is as pink as any.
            var filter = PinkFilter()
            let white = CounterNoise(seed: recipe.seed, stream: channel)
            if recipe.shape == .pink {
                for k in -16_384..<0 { _ = filter.next(Double(white.uniform(at: k))) }
            }
            (freshPink + channel).initialize(to: filter)
            (pink + channel).initialize(to: filter)
        }
    }

    deinit {
        freshPink.deallocate()
        pink.deallocate()
    }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let output = block.output
        let frames = output.frameCount
        let position = output.position
        let sounding = min(frames, max(0, recipe.endFrame &- position))
        if frames == 0 { return }
        let first = output[0]
        switch recipe.shape {
        case .sine: sine(first, sounding)
        case .square: square(first, sounding)
        case .sweep: sweep(first, from: position, sounding)
        case .impulse: impulses(first, from: position, sounding)
        case .white, .pink, .silence: break
        }
        let glide = glide
        for channel in 0..<channels {
            let samples = output[channel]
            switch recipe.shape {
            case .white: white(samples, channel, from: position, sounding)
            case .pink: pink(samples, channel, from: position, sounding)
            case .silence: samples.update(repeating: 0)
            default: if channel > 0 { copy(UnsafeBufferPointer(first), into: samples) }
            }
        }
        for channel in 0..<channels {
            let samples = output[channel]
            for k in sounding..<frames { samples[k] = 0 }
            multiply(UnsafeBufferPointer(samples), by: glide, into: samples)
        }
        self.glide.advance(by: frames)
    }

    @_noLocks @_noAllocation
    func set(_ parameter: Int, to value: Double) {
        if parameter == frequencyIndex {
            frequency = value
            step = Phase.step(value, rate: recipe.rate)
        } else {
            glide.aim(at: decibelsToLinear(value), over: glideFrames)
        }
    }

    @_noLocks @_noAllocation
    func reset() {
        phase = Phase()
        frequency = recipe.frequency
        sweepFrequency = recipe.frequency
        step = Phase.step(recipe.frequency, rate: recipe.rate)
        glide = LinearGlide(at: decibelsToLinear(recipe.level))
        for channel in 0..<channels { pink[channel] = freshPink[channel] }
    }

    @_noLocks @_noAllocation
    private func sine(_ samples: UnsafeMutableBufferPointer<Float>, _ count: Int) {
        let (start, step) = (phase, step)
        for k in 0..<count {
            samples[k] = Float(sin(turns: (start + step &* UInt64(truncatingIfNeeded: k)).turns))
        }
        phase = start + step &* UInt64(truncatingIfNeeded: count)
    }

    @_noLocks @_noAllocation
    private func square(_ samples: UnsafeMutableBufferPointer<Float>, _ count: Int) {
        let (start, step) = (phase, step)
        let stepTurns = Phase(units: step).fraction
        for k in 0..<count {
            let fraction = (start + step &* UInt64(truncatingIfNeeded: k)).fraction
            samples[k] = Float(squareWave(fraction, step: stepTurns))
        }
        phase = start + step &* UInt64(truncatingIfNeeded: count)
    }

    @_noLocks @_noAllocation
    private func sweep(_ samples: UnsafeMutableBufferPointer<Float>, from position: Int, _ count: Int) {
        let length = recipe.period
        var index = position % length
        var done = 0
        while done < count {
            if index == 0 { sweepFrequency = min(frequency, Double(recipe.rate) / 2) }
            let run = min(count - done, length - index)
            let samples = UnsafeMutableBufferPointer(rebasing: samples[done..<done + run])
            let (start, end) = (sweepFrequency, recipe.endFrequency)
            let seconds = 1 / Double(recipe.rate)
            let octaves = log2(end / start)
            if recipe.isExponential, octaves > 1e-6 || octaves < -1e-6 {
                // The integral of f0·k^(i/N): f0·N/ln k·(k^(i/N) − 1).
                let turns = start * Double(length) * seconds / (octaves * 0.693_147_180_559_945_3)
                let exponent = octaves / Double(length)
                for k in 0..<run {
                    samples[k] = Float(sin(turns: turns * (exp2(exponent * Double(index + k)) - 1)))
                }
            } else {
                let bend = (end - start) / (2 * Double(length))
                for k in 0..<run {
                    let frame = Double(index + k)
                    samples[k] = Float(sin(turns: (start + bend * frame) * frame * seconds))
                }
            }
            done += run
            index = 0
        }
    }

    @_noLocks @_noAllocation
    private func impulses(_ samples: UnsafeMutableBufferPointer<Float>, from position: Int, _ count: Int) {
        let (first, period) = (recipe.firstImpulse, recipe.period)
        for k in 0..<count {
            let since = position + k - first
            samples[k] = since == 0 || (since > 0 && period > 0 && since % period == 0) ? 1 : 0
        }
    }

    @_noLocks @_noAllocation
    private func white(
        _ samples: UnsafeMutableBufferPointer<Float>, _ channel: Int, from position: Int, _ count: Int
    ) {
        let noise = CounterNoise(seed: recipe.seed, stream: channel)
        for k in 0..<count { samples[k] = noise.uniform(at: position + k) }
    }

    @_noLocks @_noAllocation
    private func pink(
        _ samples: UnsafeMutableBufferPointer<Float>, _ channel: Int, from position: Int, _ count: Int
    ) {
        let noise = CounterNoise(seed: recipe.seed, stream: channel)
        let scale = 1 / pinkGain
        var filter = pink[channel]
        for k in 0..<count { samples[k] = Float(filter.next(Double(noise.uniform(at: position + k))) * scale) }
        pink[channel] = filter
    }

    private let pinkGain = PinkFilter.gain
}
