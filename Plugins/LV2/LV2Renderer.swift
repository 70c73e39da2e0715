internal import CLilv
internal import SyrinxCore
internal import SyrinxRealtime

/// The render half of ``LV2Node``: hands slices of time to a plugin, cut at milliseconds where control ports are linked.
final class LV2Renderer: Renderer {
    let host: LV2Host
    /// The host's, for the render thread.
    private nonisolated(unsafe) let handle: OpaquePointer
    private let rate: Int
    private let instances: Int
    private let counts: (inputs: Int, sidechain: Int, outputs: Int)
    private let audioInputs: Int
    private let cutsAtMilliseconds: Bool
    /// −1: none.
    private let latencyPort: Int
    private let latency: Int
    /// Which of the descriptor's parameters moves which port, and the factor; −1: none.
    private nonisolated(unsafe) let ports: UnsafeMutablePointer<Int>
    private nonisolated(unsafe) let factors: UnsafeMutablePointer<Float>
    private let parameterCount: Int
    /// The plugin's ports behind the control inputs and outputs, in the descriptor's order; CV outputs come first.
    private nonisolated(unsafe) let cvInputs: UnsafeMutableBufferPointer<Int>
    private let cvOutputCount: Int
    private nonisolated(unsafe) let values: UnsafeMutableBufferPointer<Int>
    /// What the plugin reads and writes, as it numbers its audio ports: where each is found in the block.
    private nonisolated(unsafe) let places: UnsafeMutableBufferPointer<(port: Int, channel: Int)>
    // Owned by the render thread, all that follows. One value a port of the plugin, as C has them.
    private nonisolated(unsafe) let controlInputs: UnsafeMutablePointer<Float>
    private nonisolated(unsafe) let controlOutputs: UnsafePointer<Float>
    private nonisolated(unsafe) let sources: UnsafeMutablePointer<UnsafePointer<Float>?>
    private nonisolated(unsafe) let targets: UnsafeMutablePointer<UnsafeMutablePointer<Float>?>
    private nonisolated(unsafe) let held: UnsafeMutablePointer<Float>
    private nonisolated(unsafe) let lastCV: UnsafeMutablePointer<Float>
    private nonisolated(unsafe) var isMuted = false
    private nonisolated(unsafe) var toldLatency = false

    init(
        _ host: consuming LV2Host, _ shape: LV2Shape, _ setup: Setup, rate: Int, instances: Int, latency: Int
    ) {
        handle = host.handle
        controlInputs = host.inputs
        controlOutputs = host.outputs
        self.host = host
        self.rate = rate
        self.instances = instances
        self.latency = latency
        latencyPort = shape.metadata.latencyPort ?? -1
        counts = (shape.inputs.count, shape.sidechain.count, shape.outputs.count)
        audioInputs = (shape.inputs.isEmpty ? 0 : 1) + (shape.sidechain.isEmpty ? 0 : 1)
        let audioOutputs = shape.outputs.isEmpty ? 0 : 1
        cutsAtMilliseconds =
            setup.outputs.dropFirst(audioOutputs).contains(where: \.isConnected) || !shape.cvInputs.isEmpty
        parameterCount = LV2Node.descriptor.parameters.count + shape.controls.count
        ports = .allocate(capacity: parameterCount)
        ports.initialize(repeating: -1, count: parameterCount)
        factors = .allocate(capacity: parameterCount)
        factors.initialize(repeating: 1, count: parameterCount)
        for (index, control) in shape.controls.enumerated() {
            ports[parameterCount - shape.controls.count + index] = control.port
            if control.isRateFactor { factors[parameterCount - shape.controls.count + index] = Float(rate) }
        }
        cvInputs = Self.copy(shape.cvInputs.map(\.port))
        cvOutputCount = shape.cvOutputs.count
        values = Self.copy((shape.cvOutputs + shape.meters).map(\.port))
        places = Self.copy(Self.places(shape, instances))
        sources = .allocate(capacity: places.count + 1)
        sources.initialize(repeating: nil, count: places.count + 1)
        targets = .allocate(capacity: shape.outputs.count * instances + 1)
        targets.initialize(repeating: nil, count: shape.outputs.count * instances + 1)
        held = .allocate(capacity: cvInputs.count + 1)
        held.initialize(repeating: 0, count: cvInputs.count + 1)
        lastCV = .allocate(capacity: cvOutputCount + 1)
        lastCV.initialize(repeating: 0, count: cvOutputCount + 1)
    }

    deinit {
        ports.deallocate()
        factors.deallocate()
        cvInputs.deallocate()
        values.deallocate()
        places.deallocate()
        sources.deallocate()
        targets.deallocate()
        held.deallocate()
        lastCV.deallocate()
    }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let (position, frames) = clock(block)
        var done = 0
        if cutsAtMilliseconds {
            let (first, count) = milliseconds(block)
            for value in 0..<count {
                // The millisecond's first sample: all before it is known by then.
                let instant = first &+ value
                let edge = (instant &* rate &+ Limits.controlRate &- 1) / Limits.controlRate &- position
                run(block, from: done, to: edge)
                done = max(done, edge)
                for index in 0..<cvInputs.count {
                    let sample = block.input(audioInputs &+ index)[0][value]
                    held[index] = sample - sample == 0 ? sample : held[index]
                }
                write(block, value)
            }
        }
        run(block, from: done, to: frames)
        if !cutsAtMilliseconds, !values.isEmpty {
            let first = counts.outputs == 0 ? 0 : 1
            for index in 0..<values.count { block.output(first &+ index).silence() }
        }
    }

    @_noLocks @_noAllocation
    func set(_ parameter: Int, to value: Double) {
        let port = ports[parameter]
        if port < 0 { return }
        controlInputs[port] = Float(value) * factors[parameter]
    }

    @_noLocks @_noAllocation
    func reset() {
        isMuted = false
        toldLatency = false
        for index in 0..<cvInputs.count { held[index] = 0 }
        for index in 0..<cvOutputCount { lastCV[index] = 0 }
        call(nil, 0, 0)
    }

    /// Position and length of the block in the plugin's own frames.
    @_noLocks @_noAllocation
    private func clock(_ block: RenderBlock) -> (position: Int, frames: Int) {
        if counts.outputs > 0 { return (block.output.position, block.output.frameCount) }
        if counts.inputs > 0 { return (block.input.position, block.input.frameCount) }
        return (0, 0)
    }

    /// Position and count of the block's control values.
    @_noLocks @_noAllocation
    private func milliseconds(_ block: RenderBlock) -> (first: Int, count: Int) {
        if !values.isEmpty {
            let port = block.output(counts.outputs == 0 ? 0 : 1)
            return (port.position, port.frameCount)
        }
        let port = block.input(audioInputs)
        return (port.position, port.frameCount)
    }

    /// What the control outputs show at a millisecond: the state after all samples before it.
    @_noLocks @_noAllocation
    private func write(_ block: RenderBlock, _ value: Int) {
        let first = counts.outputs == 0 ? 0 : 1
        for index in 0..<values.count {
            let known = isMuted ? 0 : index < cvOutputCount ? lastCV[index] : controlOutputs[values[index]]
            block.output(first &+ index)[0][value] = known - known == 0 ? known : 0
        }
    }

    /// Runs the plugin over the block's frames `first` ..< `last`.
    @_noLocks @_noAllocation
    private func run(_ block: RenderBlock, from first: Int, to last: Int) {
        if last <= first { return }
        let outputCount = counts.outputs &* instances
        if isMuted {
            silence(block, first, last)
            return
        }
        for index in 0..<places.count {
            let (port, channel) = places[index]
            sources[index] = block.input(port)[channel].baseAddress
        }
        for channel in 0..<outputCount { targets[channel] = block.output[channel].baseAddress }
        call(held, first, last &- first)
        if isMuted {
            silence(block, first, last)
            block.emit(0, at: clock(block).position &+ first, rate: rate)
        }
        if latencyPort < 0 { return }
        if toldLatency { return }
        let reported = Double(controlOutputs[latencyPort])
        if reported == Double(latency) { return }
        toldLatency = true
        block.emit(1, at: clock(block).position &+ first, rate: rate, (reported, Double(latency), 0, 0))
    }

    @_noLocks @_noAllocation
    private func silence(_ block: RenderBlock, _ first: Int, _ last: Int) {
        for channel in 0..<counts.outputs &* instances {
            let samples = block.output[channel]
            for frame in first..<last { samples[frame] = 0 }
        }
    }

    private static func copy<T>(_ values: [T]) -> UnsafeMutableBufferPointer<T> {
        let copy = UnsafeMutableBufferPointer<T>.allocate(capacity: values.count)
        _ = copy.initialize(from: values)
        return copy
    }

    /// For each audio input of the plugin, one instance after the other, the node's port and channel.
    private static func places(_ shape: LV2Shape, _ instances: Int) -> [(port: Int, channel: Int)] {
        let inputs = (shape.inputs + shape.sidechain).sorted()
        return (0..<instances).flatMap { instance in
            inputs.map { port in
                if let channel = shape.inputs.firstIndex(of: port) {
                    return (0, instance * shape.inputs.count + channel)
                }
                let channel = shape.sidechain.firstIndex(of: port) ?? 0
                return (1, instance * shape.sidechain.count + channel)
            }
        }
    }
}

extension LV2Renderer {
    /// Calls the plugin: runs it over `frames` frames, or resets it where `held` is nil.
    ///
    /// A plugin is not ours: LV2 asks of it that it takes no lock and no memory while it runs (`hardRTCapable`), and many
    /// do not say so. What it does is between itself and its author; the sanitizer looks away.
    @_noLocks @_noAllocation
    private func call(_ held: UnsafeMutablePointer<Float>?, _ first: Int, _ frames: Int) {
        let (handle, instances, cvCount, cvOutputCount) = (handle, instances, cvInputs.count, cvOutputCount)
        let (sources, targets, lastCV, cvInputs, values) = (sources, targets, lastCV, cvInputs, values)
        var isBroken = false
        _unsafePerformance {
            RenderSection.lookAway()
            if let held {
                for place in 0..<cvCount * instances {
                    let (index, instance) = (place % cvCount, UInt32(place / cvCount))
                    let samples = clv2_cv_buffer(handle, UInt32(cvInputs[index]), instance)
                    for frame in 0..<frames { samples?[frame] = held[index] }
                }
                isBroken = clv2_run(handle, sources, targets, UInt32(first), UInt32(frames))
                for index in 0..<cvOutputCount {
                    lastCV[index] = clv2_cv_buffer(handle, UInt32(values[index]), 0)?[frames - 1] ?? 0
                }
            } else {
                clv2_reset(handle)
            }
            RenderSection.lookAgain()
        }
        if isBroken { isMuted = true }
    }
}
