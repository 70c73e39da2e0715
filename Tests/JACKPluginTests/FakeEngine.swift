import JACKPlugin
import Synchronization
import SyrinxCore

/// A graph of one source, a delay, and one sink, rendered by hand: what the engine does, without the engine.
final class FakeEngine: Engine, @unchecked Sendable {
    /// Values of each control port in a block.
    private static let controlValues = 2

    private static let muteIndex = JACKSinkNode.descriptor.parameters.firstIndex { $0.name == "mute" } ?? -1

    let masterRate: Int
    let largestBlock: Int
    private(set) var position = 0
    /// Frames of each cycle, as the driver asked for them.
    let cycles = Mutex<[Int]>([])
    let timings = Mutex<[CycleTiming]>([])
    /// Cycles that were supplied, and whether the sources roll.
    let supplied = Atomic<Int>(0)
    let rolls = Atomic<Bool>(true)
    /// Frames rendered so far, for other threads.
    let rendered = Atomic<Int>(0)

    /// What the sink's `mute` is moved to at the next cycle; below 0: it stays.
    let mute = Atomic<Int>(-1)

    private let source: any Renderer
    private let sink: any Renderer
    private let channels: Int
    private let delay: Int
    /// By channel: what is on its way from source to sink.
    private var lines: [[Float]]
    private let memory: UnsafeMutablePointer<Float>
    private let pointers: UnsafeMutablePointer<UnsafeMutablePointer<Float>>
    private let clock: UnsafeMutablePointer<PortClock>
    /// The audio port, and the two control ports that follow it.
    private let ports: UnsafeMutablePointer<Port>
    private let controlMemory: UnsafeMutablePointer<UnsafeMutablePointer<Float>>
    private let controlClock: UnsafeMutablePointer<PortClock>
    private let cycleEvents: UnsafeMutablePointer<CycleEvents>
    private let eventMemory: UnsafeMutablePointer<RenderEvent>
    private let outlet: UnsafeMutablePointer<EventOutlet>

    init(
        source: any Renderer, sink: any Renderer, rate: Int, channels: Int, largestBlock: Int = 1024, delay: Int = 0
    ) {
        self.source = source
        self.sink = sink
        self.channels = channels
        self.delay = delay
        self.largestBlock = largestBlock
        masterRate = rate
        lines = Array(repeating: Array(repeating: 0, count: delay), count: channels)
        memory = .allocate(capacity: channels * largestBlock)
        memory.initialize(repeating: 0, count: channels * largestBlock)
        pointers = .allocate(capacity: channels)
        for channel in 0..<channels { (pointers + channel).initialize(to: memory + channel * largestBlock) }
        clock = .allocate(capacity: 1)
        clock.initialize(to: PortClock())
        ports = .allocate(capacity: 3)
        ports.initialize(to: Port(channels: pointers, channelCount: channels, clock: clock, isConnected: true))
        controlMemory = .allocate(capacity: 2)
        controlClock = .allocate(capacity: 1)
        controlClock.initialize(to: PortClock(position: 0, frames: Self.controlValues, offset: 0))
        for index in 0..<2 {
            let values = UnsafeMutablePointer<Float>.allocate(capacity: Self.controlValues)
            values.initialize(repeating: .nan, count: Self.controlValues)
            (controlMemory + index).initialize(to: values)
            (ports + 1 + index).initialize(
                to: Port(channels: controlMemory + index, channelCount: 1, clock: controlClock, isConnected: true))
        }
        eventMemory = .allocate(capacity: 1)
        cycleEvents = .allocate(capacity: 1)
        cycleEvents.initialize(to: CycleEvents(storage: eventMemory, capacity: 0))
        outlet = .allocate(capacity: 1)
        outlet.initialize(to: EventOutlet(cycle: cycleEvents, node: 0))
    }

    deinit {
        memory.deallocate()
        pointers.deallocate()
        clock.deallocate()
        ports.deallocate()
        for index in 0..<2 { controlMemory[index].deallocate() }
        controlMemory.deallocate()
        controlClock.deallocate()
        eventMemory.deallocate()
        cycleEvents.deallocate()
        outlet.deallocate()
    }

    func render(_ frames: Int, timing: CycleTiming) {
        cycles.withLock { if $0.count < 4_096 || $0.last != frames { $0.append(frames) } }
        timings.withLock { if $0.count < 4_096 { $0.append(timing) } }
        let mute = mute.exchange(-1, ordering: .relaxed)
        if mute >= 0 { sink.set(Self.muteIndex, to: Double(mute)) }
        var left = frames
        while left > 0 {
            let piece = min(left, largestBlock)
            clock.pointee = PortClock(position: position, frames: piece, offset: 0)
            source.render(RenderBlock(ports: ports, inputCount: 0, events: outlet))
            if delay > 0 {
                for channel in 0..<channels {
                    let samples = UnsafeMutableBufferPointer(start: pointers[channel], count: piece)
                    lines[channel] += samples
                    for frame in 0..<piece { samples[frame] = lines[channel][frame] }
                    lines[channel].removeFirst(piece)
                }
            }
            sink.render(RenderBlock(ports: ports, inputCount: 1, events: outlet))
            position += piece
            left -= piece
        }
        rendered.store(position, ordering: .releasing)
    }

    /// The last values of `drift` and `fill` of the node that was rendered last; NaN: it wrote none.
    var controls: [Float] { (0..<2).map { controlMemory[$0][Self.controlValues - 1] } }

    func supply(_ frames: Int) -> Bool {
        supplied.add(1, ordering: .relaxed)
        return true
    }

    func setRolling(_ isRolling: Bool) { rolls.store(isRolling, ordering: .relaxed) }
}
