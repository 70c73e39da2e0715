import SyrinxCore

/// The smallest graph there is: a sink plays what `signal` gives, or what the source hears, which is written down.
// SAFETY: between the beginning and the end of a run it is the driver's thread's.
final class TestEngine: Engine, @unchecked Sendable {
    let masterRate: Int
    let largestBlock: Int
    private(set) var position = 0
    /// Channels of what the source gave.
    private(set) var heard: [[Float]] = []
    private let source: (any Renderer)?
    private let sink: (any Renderer)?
    private let inputs: Stream
    private let outputs: Stream
    private let controls: [Stream]
    private let signal: (@Sendable (_ frame: Int, _ channel: Int) -> Float)?
    private let afterCycle: @Sendable (Int) -> Void

    /// The memory of a stream.
    private final class Stream {
        let channels: Int
        let memory: [UnsafeMutablePointer<Float>]
        let pointers: UnsafeMutablePointer<UnsafeMutablePointer<Float>>
        let clock: UnsafeMutablePointer<PortClock>

        init(channels: Int, frames: Int) {
            self.channels = channels
            memory = (0..<channels).map { _ in
                let plane = UnsafeMutablePointer<Float>.allocate(capacity: frames)
                plane.initialize(repeating: .nan, count: frames)
                return plane
            }
            pointers = .allocate(capacity: max(1, channels))
            for (channel, plane) in memory.enumerated() { (pointers + channel).initialize(to: plane) }
            clock = .allocate(capacity: 1)
            clock.initialize(to: PortClock())
        }

        deinit {
            for plane in memory { plane.deallocate() }
            pointers.deallocate()
            clock.deallocate()
        }

        var port: Port { Port(channels: pointers, channelCount: channels, clock: clock, isConnected: true) }
    }

    init(
        rate: Int, largestBlock: Int = 64, source: (renderer: any Renderer, channels: Int)?,
        sink: (renderer: any Renderer, channels: Int)?, signal: (@Sendable (Int, Int) -> Float)?,
        afterCycle: @escaping @Sendable (Int) -> Void
    ) {
        masterRate = rate
        self.largestBlock = largestBlock
        self.source = source?.renderer
        self.sink = sink?.renderer
        self.signal = signal
        self.afterCycle = afterCycle
        inputs = Stream(channels: source?.channels ?? 0, frames: largestBlock)
        outputs = Stream(channels: sink?.channels ?? 0, frames: largestBlock)
        controls = [Stream(channels: 1, frames: largestBlock), Stream(channels: 1, frames: largestBlock)]
        heard = (0..<(source?.channels ?? 0)).map { _ in [] }
    }

    func render(_ frames: Int, timing: CycleTiming) {
        var left = frames
        while left > 0 {
            let piece = min(left, largestBlock)
            render(piece: piece)
            left -= piece
        }
        afterCycle(position)
    }

    private func render(piece count: Int) {
        let clock = PortClock(position: position, frames: count, offset: 0)
        inputs.clock.pointee = clock
        outputs.clock.pointee = clock
        if let source {
            call(source, [inputs.port] + controls.map(\.port), inputCount: 0)
            for channel in 0..<inputs.channels {
                heard[channel] += UnsafeBufferPointer(start: inputs.memory[channel], count: count)
            }
        }
        for channel in 0..<outputs.channels {
            for k in 0..<count {
                outputs.memory[channel][k] =
                    signal?(position + k, channel) ?? inputs.memory[min(channel, inputs.channels - 1)][k]
            }
        }
        if let sink { call(sink, [outputs.port] + controls.map(\.port), inputCount: 1) }
        position += count
    }

    private func call(_ renderer: any Renderer, _ ports: [Port], inputCount: Int) {
        var cycle = CycleEvents(storage: UnsafeMutablePointer<RenderEvent>.allocate(capacity: 1), capacity: 1)
        defer { cycle.storage.deallocate() }
        withUnsafeMutablePointer(to: &cycle) { cycle in
            var outlet = EventOutlet(cycle: cycle, node: 0)
            withUnsafeMutablePointer(to: &outlet) { outlet in
                ports.withUnsafeBufferPointer { ports in
                    guard let base = ports.baseAddress else { return }
                    renderer.render(RenderBlock(ports: base, inputCount: inputCount, events: outlet))
                }
            }
        }
    }

    func supply(_ frames: Int) -> Bool { true }
    func setRolling(_ isRolling: Bool) {}
}
