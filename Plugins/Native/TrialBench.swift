internal import CPluginHost
internal import Glibc
internal import SyrinxCore
internal import SyrinxPlugin

/// A node of a plugin, rendered in given cuts by its bare functions, with an eye on all that it must not do.
final class TrialBench {
    /// A live parameter's move, at a frame of the main port.
    struct Move: Sendable {
        let frame: Int
        let parameter: Int
        let value: Double
    }

    struct Event: Hashable {
        let kind: Int
        let frame: Int
        let values: [Double]
    }

    /// What came out.
    struct Outcome {
        /// Port, channel, sample.
        var outputs: [[[Float]]] = []
        var events: [Event] = []
        var faults: Set<String> = []
        var watch = syrinx_watch()
    }

    private static let guardFrames = 16
    private static let guardValue = Float(bitPattern: 0x7FA1_2345)
    private static let longest = 4096

    let handle: NodeHandle
    let setup: Setup
    private let rates: [Int]
    private let widths: [Int]
    private let inputCount: Int
    private var memory: [UnsafeMutablePointer<Float>] = []
    private var tables: [UnsafeMutablePointer<UnsafeMutablePointer<Float>?>] = []
    fileprivate var events: [Event] = []
    fileprivate var blockStart = 0

    /// - Throws: what the plugin refuses.
    init(_ entry: PluginLibrary.Entry, values: [Value?], rate: Int) throws(PipelineError) {
        handle = try NodeHandle(entry, values: values, path: entry.description.descriptor.type)
        let descriptor = entry.description.descriptor
        let inputs = descriptor.streamInputs.map { port in
            port.kind == .control
                ? StreamFormat(rate: Limits.controlRate, channels: 1)
                : StreamFormat(rate: rate, channels: entry.description.channels(ofInput: port.name) ?? 2)
        }
        let streams = try handle.resolve(
            FormatRequest(
                access: .nothing, inputs: inputs.map { PartialFormat(rate: $0.rate, channels: $0.channels) },
                masterRate: rate))
        let outputs = streams.map {
            StreamFormat(rate: $0.format.rate ?? rate, channels: $0.format.channels ?? 1)
        }
        func most(_ format: StreamFormat) -> Int { Self.boundary(Self.longest, format.rate, rate) }
        setup = Setup(
            id: "check",
            inputs: inputs.map { .init(format: $0, latency: 0, largestBlock: most($0), isConnected: true) },
            outputs: outputs.map { .init(format: $0, largestBlock: most($0), isConnected: true) }, masterRate: rate,
            isPaced: true)
        rates = (inputs + outputs).map(\.rate)
        widths = (inputs + outputs).map(\.channels)
        inputCount = inputs.count
        for width in widths {
            let size = width * (Self.longest + 2 * Self.guardFrames)
            let samples = UnsafeMutablePointer<Float>.allocate(capacity: max(1, size))
            samples.initialize(repeating: 0, count: max(1, size))
            memory.append(samples)
            let table = UnsafeMutablePointer<UnsafeMutablePointer<Float>?>.allocate(capacity: max(1, width))
            for channel in 0..<width {
                table[channel] = samples + channel * (Self.longest + 2 * Self.guardFrames) + Self.guardFrames
            }
            tables.append(table)
        }
        try handle.activate(setup)
    }

    deinit {
        for samples in memory { samples.deallocate() }
        for table in tables { table.deallocate() }
    }

    /// How many frames of a port lie before a position at R.
    static func boundary(_ position: Int, _ rate: Int, _ masterRate: Int) -> Int {
        (position * rate + masterRate - 1) / masterRate
    }

    /// The rate whose frames moves and events count.
    var mainRate: Int { rates.first ?? setup.masterRate }

    /// Renders from position 0.
    ///
    /// - Parameters:
    ///   - input: the sample of a port, channel and frame.
    ///   - splitsAtMoves: slices end where a parameter moves; else moves come within slices.
    func render(
        _ frames: Int, cuts: [Int], moves: [Move] = [], splitsAtMoves: Bool = false, inPlace: Bool = false,
        from start: Int = 0, _ input: (Int, Int, Int) -> Float
    ) -> Outcome {
        var outcome = Outcome(outputs: widths.dropFirst(inputCount).map { Array(repeating: [], count: $0) })
        events = []
        var (position, turn) = (start, 0)
        var waiting = moves.sorted { $0.frame < $1.frame }[...]
        while position < start + frames {
            var count = min(cuts[turn % cuts.count], start + frames - position)
            turn += 1
            if splitsAtMoves, let move = waiting.first, move.frame > position {
                count = min(count, move.frame - position)
            }
            renderSlice(position, count, &waiting, inPlace, input, &outcome)
            position += count
        }
        outcome.events = events
        return outcome
    }

    private func renderSlice(
        _ position: Int, _ count: Int, _ waiting: inout ArraySlice<Move>, _ inPlace: Bool,
        _ input: (Int, Int, Int) -> Float, _ outcome: inout Outcome
    ) {
        let master = setup.masterRate
        var buffers: [syrinx_buffer] = []
        for port in rates.indices {
            let first = Self.boundary(position, rates[port], master)
            let length = Self.boundary(position + count, rates[port], master) - first
            let table = inPlace && port == inputCount ? tables[0] : tables[port]
            for channel in 0..<widths[port] where !(inPlace && port == inputCount) {
                guard let samples = table[channel] else { continue }
                for frame in -Self.guardFrames..<(length + Self.guardFrames) { samples[frame] = Self.guardValue }
                if port < inputCount {
                    for frame in 0..<length { samples[frame] = input(port, channel, first + frame) }
                }
            }
            buffers.append(
                syrinx_buffer(
                    channels: UnsafePointer(table), channel_count: UInt32(widths[port]), frames: UInt32(length),
                    position: Int64(first), flags: UInt32(SYRINX_CONNECTED), reserved: 0))
        }
        blockStart = Int(buffers.first?.position ?? 0)
        let end = blockStart + Int(buffers.first?.frames ?? 0)
        var changes: [syrinx_change] = []
        while let move = waiting.first, move.frame < end || (move.frame == end && count == 0) {
            changes.append(
                syrinx_change(
                    parameter: UInt32(move.parameter), frame: UInt32(max(0, move.frame - blockStart)), value: move.value
                ))
            waiting.removeFirst()
        }
        let code = call(buffers, changes, position, inPlace, &outcome)
        if code != 0 { outcome.faults.insert("process returns the error \(code)") }
        look(buffers, position, inPlace, input, &outcome)
    }

    private func call(
        _ buffers: [syrinx_buffer], _ changes: [syrinx_change], _ position: Int, _ inPlace: Bool,
        _ outcome: inout Outcome
    ) -> Int32 {
        var block = syrinx_block()
        block.size = UInt32(MemoryLayout<syrinx_block>.stride)
        block.flags =
            (position == 0 ? UInt32(SYRINX_DISCONTINUITY) : 0) | (inPlace ? UInt32(SYRINX_IN_PLACE) : 0)
        block.input_count = UInt32(inputCount)
        block.output_count = UInt32(buffers.count - inputCount)
        block.change_count = UInt32(changes.count)
        block.context = Unmanaged.passUnretained(self).toOpaque()
        block.emit = { block, kind, frame, values in
            guard let context = block?.pointee.context, let values else { return }
            // The bench's own bookkeeping is none of the plugin's calls.
            let soFar = syrinx_watch_end()
            let bench = Unmanaged<TrialBench>.fromOpaque(context).takeUnretainedValue()
            bench.events.append(
                Event(
                    kind: Int(kind), frame: bench.blockStart + Int(frame),
                    values: (0..<Int(SYRINX_EVENT_VALUES)).map { values[$0] }))
            bench.add(soFar)
            syrinx_watch_begin()
        }
        let functions = handle.entry.functions
        let node = handle.node
        let code = buffers.withUnsafeBufferPointer { buffers in
            changes.withUnsafeBufferPointer { changes in
                block.inputs = buffers.baseAddress
                block.outputs = buffers.baseAddress.map { $0 + inputCount }
                block.changes = changes.baseAddress
                return withUnsafePointer(to: block) { block in
                    syrinx_watch_begin()
                    let code = functions.process(node, block)
                    let rest = syrinx_watch_end()
                    add(rest)
                    return code
                }
            }
        }
        outcome.watch = watch
        return code
    }

    /// All that was counted.
    private var watch = syrinx_watch()

    fileprivate func add(_ more: syrinx_watch) {
        watch.counts.0 += more.counts.0
        watch.counts.1 += more.counts.1
        watch.counts.2 += more.counts.2
        if watch.names.0 == nil { watch.names.0 = more.names.0 }
        if watch.names.1 == nil { watch.names.1 = more.names.1 }
        if watch.names.2 == nil { watch.names.2 = more.names.2 }
    }

    /// Looks what was written where.
    private func look(
        _ buffers: [syrinx_buffer], _ position: Int, _ inPlace: Bool, _ input: (Int, Int, Int) -> Float,
        _ outcome: inout Outcome
    ) {
        let mark = Self.guardValue.bitPattern
        for (port, buffer) in buffers.enumerated() {
            let isInput = port < inputCount
            let name =
                isInput
                ? "input \(handle.entry.description.descriptor.streamInputs[port].name)"
                : "output \(handle.entry.description.descriptor.streamOutputs[port - inputCount].name)"
            let length = Int(buffer.frames)
            for channel in 0..<Int(buffer.channel_count) {
                guard let samples = buffer.channels[channel] else { continue }
                for frame in Array(-Self.guardFrames..<0) + Array(length..<(length + Self.guardFrames))
                where samples[frame].bitPattern != mark {
                    outcome.faults.insert("it writes outside the slice of \(name)")
                }
                if isInput {
                    if inPlace, port == 0 { continue }
                    for frame in 0..<length {
                        let expected = input(port, channel, Int(buffer.position) + frame)
                        if samples[frame].bitPattern != expected.bitPattern {
                            outcome.faults.insert("it writes to \(name)")
                        }
                    }
                } else {
                    for frame in 0..<length where samples[frame].bitPattern == mark {
                        outcome.faults.insert("it does not write \(name) to its last sample")
                    }
                    outcome.outputs[port - inputCount][channel] += UnsafeBufferPointer(start: samples, count: length)
                }
            }
        }
    }

    func reset() {
        syrinx_watch_begin()
        handle.entry.functions.reset(handle.node)
        add(syrinx_watch_end())
    }

    /// Deactivates, and activates again.
    func restart() throws(PipelineError) {
        handle.deactivate()
        try handle.activate(setup)
    }
}
