internal import SyrinxCore
internal import SyrinxDSP

/// What is done with every 10 ms, whatever brings them: the module, the delay, the watch.
///
/// - Thread: render, one at a time; made on control.
struct EchoCore: ~Copyable {
    let frameLength: Int
    /// One frame of each end, to be filled; and what came out of the last, to be read.
    let near: UnsafeMutablePointer<Float>
    let far: UnsafeMutablePointer<Float>
    let clean: UnsafeMutablePointer<Float>

    /// How much earlier than its echo the far end is put, ms.
    private static var lead: Int { 5 }

    private(set) var watch: EchoWatch
    private let freshWatch: EchoWatch
    /// Frames that the module could not take.
    private(set) var lostFrames = 0
    private let freshShift: Int
    private let followsDelay: Bool
    private let mutesUnlearnt: Bool
    /// The gain at the end of the last frame: 0 or 1.
    private var gain: Float = 1
    private let rate: Int
    /// The last of the far end, so that it can wait for its echo; ``lineLength`` samples, a power of two.
    private let line: UnsafeMutablePointer<Float>
    private let lineLength: Int
    private let shifted: UnsafeMutablePointer<Float>
    private var linePlace = 0
    /// By how much the far end waits, in samples.
    private var shift: Int
    private var finder: DelayFinder

    /// - Parameters:
    ///   - expectedDelay: how much later than the far end its echo is expected, ms.
    ///   - followsDelay: let the far end wait by what is measured.
    ///   - mutesUnlearnt: give silence while there is an echo that is not cancelled yet.
    ///   - silenceLimit: see ``EchoWatch``.
    init(
        _ settings: AudioProcessing.Settings, expectedDelay: Int, followsDelay: Bool, mutesUnlearnt: Bool,
        silenceLimit: Int
    ) {
        frameLength = settings.rate / 100
        rate = settings.rate
        self.followsDelay = followsDelay
        self.mutesUnlearnt = mutesUnlearnt
        freshShift = max(0, expectedDelay - Self.lead) * settings.rate / 1_000
        shift = freshShift
        // Half a second and a frame.
        var length = 1_024
        while length < settings.rate / 2 + settings.rate / 100 { length *= 2 }
        lineLength = length
        line = .allocate(capacity: length)
        line.initialize(repeating: 0, count: length)
        shifted = .allocate(capacity: frameLength)
        shifted.initialize(repeating: 0, count: frameLength)
        freshWatch = EchoWatch(silenceLimit: silenceLimit)
        watch = freshWatch
        finder = DelayFinder(rate: settings.rate)
        near = .allocate(capacity: frameLength)
        far = .allocate(capacity: frameLength)
        clean = .allocate(capacity: frameLength)
        for buffer in [near, far, clean] { buffer.initialize(repeating: 0, count: frameLength) }
    }

    deinit {
        near.deallocate()
        far.deallocate()
        clean.deallocate()
        line.deallocate()
        shifted.deallocate()
    }

    @_noLocks @_noAllocation
    mutating func reset() {
        finder.reset()
        watch = freshWatch
        shift = freshShift
        gain = 1
        linePlace = 0
        for k in 0..<lineLength { line[k] = 0 }
        for k in 0..<frameLength {
            near[k] = 0
            far[k] = 0
            clean[k] = 0
        }
    }

    /// Works on the frame that lies in `near` and `far`.
    ///
    /// - Parameter position: of the input's frame with which it became whole; events are told there.
    @_noLocks @_noAllocation
    mutating func process(_ block: RenderBlock, _ module: borrowing AudioProcessing, at position: Int, rate: Int) {
        let (near, far, clean, length) = (near, far, clean, frameLength)
        for k in 0..<length {
            near[k] = bounded(near[k])
            far[k] = bounded(far[k])
        }
        let (line, shifted, mask) = (line, shifted, lineLength &- 1)
        for k in 0..<length {
            line[(linePlace &+ k) & mask] = far[k]
            shifted[k] = line[(linePlace &+ k &- shift) & mask]
        }
        linePlace = (linePlace &+ length) & mask
        if !module.process(near: near, far: shifted, clean: clean, delay: 0) { lostFrames += 1 }
        finder.hear(near: near, far: far, frames: length)
        if let notice = watch.hear(near: meanSquare(near), far: meanSquare(far), clean: meanSquare(clean)) {
            block.emit(notice.event, at: position, rate: rate, (notice.value, 0, 0, 0))
        }
        if mutesUnlearnt { fade(clean, length) }
        if let notice = watch.follow(delay: finder.delay, isSure: finder.isSure) {
            block.emit(notice.event, at: position, rate: rate, (notice.value, 0, 0, 0))
        }
        if followsDelay, watch.hasDelay { align() }
    }

    /// Brings the frame to silence, or back, in a straight line.
    @_noLocks @_noAllocation
    private mutating func fade(_ samples: UnsafeMutablePointer<Float>, _ length: Int) {
        let (from, to) = (gain, watch.isUnlearnt ? Float(0) : 1)
        gain = to
        if from == 1, to == 1 { return }
        let step = (to - from) / Float(length)
        for k in 0..<length { samples[k] *= from + step * Float(k) }
    }

    /// Lets the far end wait so that its echo follows it closely: the filter's length is spent on the room, not on the way
    /// there. Each move makes the module adapt anew, so that a delay which suits is left alone.
    @_noLocks @_noAllocation
    private mutating func align() {
        let wanted = Int(watch.delay * Double(rate) / 1_000)
        let rest = wanted &- shift
        if rest >= rate / 1_000, rest <= 30 &* rate / 1_000 { return }
        shift = min(max(wanted &- Self.lead &* rate / 1_000, 0), lineLength &- frameLength)
    }

    @_noLocks @_noAllocation
    private func meanSquare(_ samples: UnsafeMutablePointer<Float>) -> Float {
        sumOfSquares(UnsafeBufferPointer(start: samples, count: frameLength)) / Float(frameLength)
    }

    /// The sample; silence for what is none, and at most 18 dB over full scale.
    @_noLocks @_noAllocation
    private func bounded(_ sample: Float) -> Float { min(max(finite(sample), -8), 8) }
}
