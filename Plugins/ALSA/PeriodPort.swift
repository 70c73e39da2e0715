internal import Synchronization
internal import SyrinxCore

/// Where a node on the driver's device finds its frames.
///
/// - Thread: the driver's, between cycles; the renderer's within one, which is the same.
struct PeriodMemory: BitwiseCopyable {
    /// Channel c of frame k lies at `planes[c · stride + k]`.
    var planes: UnsafeMutablePointer<Float>?
    var stride = 0
    var channels = 0
    /// P at the cycle's first frame.
    var start = 0
    /// Frames of the cycle; 0 between cycles.
    var frames = 0
    /// Counts the times that the device was opened: at each change outputs begin softly.
    var generation = 0

    /// Where a slice of the cycle lies in `planes`.
    ///
    /// - Returns: nil if it is none of this cycle's: a plan that is tried out.
    @_noLocks @_noAllocation
    func offset(of position: Int, count: Int) -> Int? {
        let offset = position &- start
        return offset >= 0 && offset &+ count <= frames ? offset : nil
    }
}

/// A node's share in the driver's device: a renderer on one side, the driver on the other.
// SAFETY: the memory is the driver's thread's alone, renderers included; it lives as long as the port.
final class PeriodPort: @unchecked Sendable {
    let direction: PCMDirection
    let channels: Int
    let memory: UnsafeMutablePointer<PeriodMemory>
    /// A sink's own planes.
    private var own: UnsafeMutablePointer<Float>?

    init(_ direction: PCMDirection, channels: Int) {
        self.direction = direction
        self.channels = channels
        memory = .allocate(capacity: 1)
        memory.initialize(to: PeriodMemory())
    }

    deinit {
        own?.deallocate()
        memory.deallocate()
    }

    /// Takes what a device that was opened, or opened again, needs. Thread: the driver's, between cycles.
    func open(_ buffer: PeriodBuffer, generation: Int) {
        if memory.pointee.generation == generation { return }
        memory.pointee.frames = 0
        memory.pointee.stride = buffer.stride
        memory.pointee.generation = generation
        if direction == .capture {
            memory.pointee.planes = buffer.planes
            memory.pointee.channels = min(channels, buffer.channels)
            return
        }
        own?.deallocate()
        let planes = UnsafeMutablePointer<Float>.allocate(capacity: channels * buffer.stride)
        planes.initialize(repeating: 0, count: channels * buffer.stride)
        own = planes
        memory.pointee.planes = planes
        memory.pointee.channels = channels
    }

    /// Begins a cycle. A sink's planes are silent until its renderer writes them.
    func begin(at position: Int, frames: Int) {
        memory.pointee.start = position
        memory.pointee.frames = frames
        if let own { own.update(repeating: 0, count: channels * memory.pointee.stride) }
    }

    /// Ends a cycle; a sink's frames are added to the device's.
    func end(into buffer: PeriodBuffer?) {
        if let own, let buffer {
            for channel in 0..<min(channels, buffer.channels) {
                let (source, target) = (own + channel * buffer.stride, buffer.planes + channel * buffer.stride)
                for k in 0..<memory.pointee.frames { target[k] += source[k] }
            }
        }
        memory.pointee.frames = 0
    }
}

/// The ports of a driver, which nodes come to and leave while it runs.
final class PortBoard: Sendable {
    private let ports = Mutex<[PeriodPort]>([])
    private let changes = Atomic<Int>(0)

    /// Counts changes. Thread: any.
    var generation: Int { changes.load(ordering: .acquiring) }

    /// Thread: control.
    func attach(_ port: PeriodPort) {
        ports.withLock { $0.append(port) }
        changes.add(1, ordering: .releasing)
    }

    /// Thread: control.
    func detach(_ port: PeriodPort) {
        ports.withLock { $0.removeAll { $0 === port } }
        changes.add(1, ordering: .releasing)
    }

    /// Thread: the driver's, between cycles; locks for as long as it takes to copy a few references.
    var all: [PeriodPort] { ports.withLock { $0 } }
}
