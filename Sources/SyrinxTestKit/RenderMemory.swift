internal import SyrinxCore

/// The ports of one node and the events of its blocks: what a `RenderBlock` points to.
final class RenderMemory {
    private static let eventCapacity = 4096

    let inputs: [PortMemory]
    let outputs: [PortMemory]
    private(set) var takenEvents: [RenderEvent] = []
    private let ports: UnsafeMutablePointer<Port>
    private let cycle: UnsafeMutablePointer<CycleEvents>
    private let outlet: UnsafeMutablePointer<EventOutlet>

    /// - Parameters:
    ///   - largestBlock: in frames of R.
    ///   - sharesMain: output 0 is input 0's memory.
    init(_ setup: Setup, largestBlock: Int, sharesMain: Bool) {
        func memory(_ format: StreamFormat) -> PortMemory {
            PortMemory(
                format: format,
                largestBlock: PortMemory.boundary(largestBlock, rate: format.rate, masterRate: setup.masterRate) + 1)
        }
        inputs = setup.inputs.map { memory($0.format) }
        var outputs = setup.outputs.map { memory($0.format) }
        if sharesMain { outputs[0] = inputs[0] }
        self.outputs = outputs
        ports = .allocate(capacity: inputs.count + outputs.count + 1)
        let connected = setup.inputs.map(\.isConnected) + setup.outputs.map(\.isConnected)
        for (index, port) in (inputs + outputs).enumerated() {
            (ports + index).initialize(
                to: Port(
                    channels: port.channels, channelCount: port.channelCount, clock: port.clock,
                    isConnected: connected[index]))
        }
        let events = UnsafeMutablePointer<RenderEvent>.allocate(capacity: Self.eventCapacity)
        cycle = .allocate(capacity: 1)
        cycle.initialize(to: CycleEvents(storage: events, capacity: Self.eventCapacity))
        outlet = .allocate(capacity: 1)
        outlet.initialize(to: EventOutlet(cycle: cycle, node: 0))
    }

    deinit {
        cycle.pointee.storage.deallocate()
        cycle.deallocate()
        outlet.deallocate()
        ports.deallocate()
    }

    var block: RenderBlock { RenderBlock(ports: ports, inputCount: inputs.count, events: outlet) }

    /// Moves every port to the next slice.
    func begin(from master: Int, frames: Int, masterRate: Int) {
        for port in inputs { port.begin(from: master, frames: frames, masterRate: masterRate) }
        for port in outputs where !inputs.contains(where: { $0 === port }) {
            port.begin(from: master, frames: frames, masterRate: masterRate)
        }
    }

    /// Takes the events of the block out, as the executor does after a cycle.
    func takeEvents() {
        takenEvents += (0..<cycle.pointee.count).map { cycle.pointee.storage[$0] }
        cycle.pointee.count = 0
    }
}
