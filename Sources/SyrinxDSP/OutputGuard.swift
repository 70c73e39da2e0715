/// What stands between the graph and ears or speakers: a ramp at the start, silence in place of NaN and infinity, a ceiling,
/// and a mute. One for all channels of a device output.
///
/// ```swift
/// for channel in 0..<channels { outputGuard.process(channel.source, into: channel.target, count: frames) }
/// outputGuard.advance(by: frames)
/// ```
///
/// What comes out depends on the frames counted since ``restart()`` alone, so that block size never shows.
@frozen
public struct OutputGuard: BitwiseCopyable, Sendable {
    /// How long a change of the mute takes, in seconds.
    @inlinable static var muteSeconds: Double { 0.005 }

    @usableFromInline let ceiling: Float
    @usableFromInline let startFrames: Int
    @usableFromInline let muteFrames: Int
    @usableFromInline var start: LinearGlide
    @usableFromInline var mute = LinearGlide(at: 1)
    /// Samples that were NaN or infinite, and were replaced by silence.
    public var brokenSamples = 0
    /// Samples that were beyond the ceiling, and were held at it.
    public var limitedSamples = 0

    /// - Parameters:
    ///   - rate: Hz.
    ///   - softStartFrames: length of the ramp from silence; 0: none.
    ///   - ceiling: the largest magnitude that leaves, linear.
    public init(rate: Int, softStartFrames: Int, ceiling: Float) {
        self.ceiling = ceiling
        startFrames = softStartFrames
        muteFrames = Int(Double(rate) * Self.muteSeconds)
        start = LinearGlide(at: 1)
        restart()
    }

    /// Begins with the ramp again: the device has come back. Thread: render, between blocks.
    @inlinable
    public mutating func restart() {
        start = LinearGlide(at: startFrames > 0 ? 0 : 1)
        start.aim(at: 1, over: startFrames)
    }

    /// Fades out, or in again, within 5 ms. Thread: render, between blocks.
    @inlinable
    public mutating func setMute(_ isMuted: Bool) { mute.aim(at: isMuted ? 0 : 1, over: muteFrames) }

    /// Writes one channel of a block.
    ///
    /// - Parameter target: may be `source`.
    /// - Thread: render.
    @inlinable
    public mutating func process(_ source: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>, count: Int) {
        if start.isSteady, mute.isSteady {
            hold(source, into: target, count: count, gain: mute.target)
            return
        }
        for frame in 0..<count {
            let gain = start.value(at: frame) * mute.value(at: frame)
            target[frame] = held(source[frame]) * gain
        }
    }

    /// Goes on by the frames that every channel was given. Thread: render.
    @inlinable
    public mutating func advance(by frames: Int) {
        start.advance(by: frames)
        mute.advance(by: frames)
    }

    /// The steady case: a comparison for every sixteen samples; one by one only where a sample breaks a rule.
    @inlinable
    mutating func hold(
        _ source: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>, count: Int, gain: Float
    ) {
        var frame = 0
        while frame + 16 <= count {
            let samples = UnsafeRawPointer(source + frame).loadUnaligned(as: SIMD16<Float>.self)
            let magnitudes = samples.replacing(with: -samples, where: samples .< 0)
            // NaN is not within the ceiling either. `all` of a mask is not inlinable, a sum of ones is.
            if SIMD16<Float>().replacing(with: 1, where: magnitudes .<= ceiling).sum() == 16 {
                UnsafeMutableRawPointer(target + frame).storeBytes(of: samples * gain, as: SIMD16<Float>.self)
            } else {
                for index in frame..<frame + 16 { target[index] = held(source[index]) * gain }
            }
            frame += 16
        }
        while frame < count {
            target[frame] = held(source[frame]) * gain
            frame += 1
        }
    }

    @inlinable
    mutating func held(_ sample: Float) -> Float {
        if sample.magnitude <= ceiling { return sample }
        if !sample.isFinite {
            brokenSamples &+= 1
            return 0
        }
        limitedSamples &+= 1
        return sample > 0 ? ceiling : -ceiling
    }
}
