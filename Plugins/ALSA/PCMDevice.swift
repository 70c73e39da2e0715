internal import SyrinxCore

/// Which way sound goes through a device.
enum PCMDirection: String, Sendable, Hashable {
    case capture
    case playback
}

/// How a device stores a sample, in this machine's byte order, the best first.
enum PCMSampleFormat: String, Sendable, Hashable, CaseIterable {
    case f32
    case s32
    /// 24 bits in the low bytes of 32.
    case s24
    /// 24 bits in three bytes.
    case packed24 = "s24_3"
    case s16

    /// Bytes of one sample.
    var width: Int {
        switch self {
        case .f32, .s32, .s24: 4
        case .packed24: 3
        case .s16: 2
        }
    }
}

/// What is asked of a device.
struct PCMWish: Sendable, Hashable {
    /// Hz, exactly.
    var rate: Int
    /// False: a rate that only a converter of alsa-lib's could give is refused.
    var allowsConversion: Bool
    /// nil: two, or the nearest that there is.
    var channels: Int?
    /// nil: the best that the device has.
    var format: PCMSampleFormat?
    /// About so many frames between two interrupts.
    var periodFrames: Int
    /// About so many periods in the buffer.
    var periods: Int
}

/// What a device agreed to.
struct PCMAgreement: Sendable, Hashable {
    /// As alsa-lib knows it.
    var name: String
    var rate: Int
    var format: PCMSampleFormat
    /// At least as many as were asked for.
    var channels: Int
    var periodFrames: Int
    var bufferFrames: Int
    /// `rw` or `mmap`.
    var access: String

    /// For display and report.
    var facts: [(name: String, value: Value)] {
        [
            ("device", .string(name)), ("rate_hz", .integer(rate)), ("format", .string(format.rawValue)),
            ("device_channels", .integer(channels)), ("period_frames", .integer(periodFrames)),
            ("buffer_frames", .integer(bufferFrames)), ("access", .string(access)),
        ]
    }
}

/// What became of a call to a running device.
enum PCMOutcome: BitwiseCopyable, Sendable, Hashable {
    /// So many frames; of a wait: so many can be moved.
    case frames(Int)
    /// Nothing can be moved now.
    case again
    /// The buffer ran over or empty: prepare it again.
    case xrun
    /// The machine slept: resume it, or prepare it again.
    case suspended
    /// It is not there any more, with the system's error number.
    case gone(Int32)
}

/// One direction of a sound device; never waits by itself except in `wait` and `drain`.
///
/// Life: `configure` (again and again, until something is agreed on), `prepare`, fill, `start`, then `wait` and `read` or
/// `write`; after `xrun` or `suspended`: `recover`, fill, `start`.
///
/// - Thread: one at a time.
protocol PCMDevice: AnyObject, Sendable {
    var direction: PCMDirection { get }

    /// Agrees on everything but the cycle.
    ///
    /// - Throws: `.unavailable` with what the device offers instead.
    func configure(_ wish: PCMWish) throws(PipelineError) -> PCMAgreement

    /// Rates between which the device can run; for a second try.
    func rates(allowsConversion: Bool) -> ClosedRange<Int>?

    /// Sets how many frames are moved at a time, and makes the buffer ready. Nothing moves yet.
    func prepare(cycleFrames: Int) throws(PipelineError)

    /// Starts and stops together with another device of the same clock, where the system can do that.
    func link(to other: any PCMDevice) -> Bool

    /// Sets the clock going. A device that is linked to one that runs already runs as well.
    func start() -> PCMOutcome

    /// Waits until a cycle can be moved, or something happens.
    ///
    /// - Returns: `.frames` with what can be moved, `.again` after `milliseconds`.
    func wait(milliseconds: Int) -> PCMOutcome

    /// Takes up to so many frames.
    func read(_ frames: UnsafeMutableRawPointer, count: Int) -> PCMOutcome

    /// Gives up to so many frames.
    func write(_ frames: UnsafeRawPointer, count: Int) -> PCMOutcome

    /// Makes an empty buffer ready again, after an xrun or a sleep of the machine. Nothing moves yet.
    ///
    /// - Returns: `.frames(0)`; `.again` while the machine's sleep is not over.
    func recover(from fault: PCMOutcome) -> PCMOutcome

    /// Lets what was written be heard, but waits no longer than so.
    func drain(milliseconds: Int)

    /// Closes it. Harmless if repeated; every other call says `.gone` afterwards.
    func close()
}

/// Who opens devices: alsa-lib, or a test.
protocol PCMSystem: Sendable {
    /// - Throws: `.unavailable`: it is not there, or busy.
    func open(_ name: String, _ direction: PCMDirection) throws(PipelineError) -> any PCMDevice
}
