internal import SyrinxCore

/// Where the cycle lies that the program asked for: the part of the time line that its ports' memory stands for.
// SAFETY: written by the program's thread before it calls the engine, read by renderers within that call.
final class AppCycle: @unchecked Sendable {
    /// Room of each channel of each port, in frames.
    let capacity: Int
    nonisolated(unsafe) let span: UnsafeMutablePointer<(start: Int, end: Int)>

    init(capacity: Int) {
        self.capacity = capacity
        span = .allocate(capacity: 1)
        span.initialize(to: (0, 0))
    }

    deinit { span.deallocate() }

    /// Thread: render, before the cycle.
    func begin(at position: Int, frames: Int) { span.pointee = (position, position + frames) }
}

/// The samples that go between the program and one `app.source` or `app.sink`.
///
/// A source's are written before ``EmbeddedEngine/process(_:waits:)`` and read by it; a sink's are there after it, until the
/// next call.
///
/// - Shape: ``channels`` buffers of ``EmbeddedEngine/largestCycle`` frames each; the first frames are the cycle's.
/// - Thread: the one that calls `process`, outside that call.
// SAFETY: that contract: program and renderers take turns on one thread.
public final class AppPort: @unchecked Sendable {
    enum Direction: Sendable { case input, output }

    /// What its renderer sees; lives as long as the port.
    struct View: BitwiseCopyable {
        fileprivate let memory: UnsafeMutablePointer<Float>
        fileprivate let span: UnsafeMutablePointer<(start: Int, end: Int)>
        /// Frames from one channel to the next.
        fileprivate let stride: Int

        /// Where a piece of the time line lies; nil: nowhere, since nobody asked for it. Thread: render.
        @_noLocks @_noAllocation
        func place(of position: Int, count: Int, channel: Int) -> UnsafeMutablePointer<Float>? {
            let (start, end) = span.pointee
            guard position >= start, position &+ count <= end else { return nil }
            return memory + (channel &* stride &+ (position &- start))
        }
    }

    /// Channels, as the node has them.
    public let channels: Int
    private let cycle: AppCycle
    let direction: Direction
    private nonisolated(unsafe) let memory: UnsafeMutablePointer<Float>

    init(_ direction: Direction, channels: Int, cycle: AppCycle) {
        self.direction = direction
        self.channels = channels
        self.cycle = cycle
        memory = .allocate(capacity: max(1, channels * cycle.capacity))
        memory.initialize(repeating: 0, count: max(1, channels * cycle.capacity))
    }

    deinit { memory.deallocate() }

    var view: View { View(memory: memory, span: cycle.span, stride: cycle.capacity) }

    /// The samples of a channel, counted from 0.
    public subscript(channel: Int) -> UnsafeMutableBufferPointer<Float> {
        precondition(channel >= 0 && channel < channels, "the port has \(channels) channels, counted from 0")
        return UnsafeMutableBufferPointer(start: memory + channel * cycle.capacity, count: cycle.capacity)
    }

    /// Writes silence into every channel.
    public func silence() { memory.update(repeating: 0, count: channels * cycle.capacity) }
}
