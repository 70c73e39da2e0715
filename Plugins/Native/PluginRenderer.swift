internal import CPluginHost
internal import Synchronization
internal import SyrinxCore
internal import SyrinxPlugin

/// The render half of ``PluginNode``: hands slices to the plugin's `process`, and looks at what it wrote.
final class PluginRenderer: Renderer {
    /// Where events of the slice go; `emit` finds it by the block's context.
    private struct Outlet {
        var block: RenderBlock
        var kinds: Int
        var position: Int
        var frames: Int
        var rate: Int
    }

    /// Why it is silent: 0 it is not; 1 `process` returned an error; 2 it wrote NaN or infinity, and its input held none.
    /// Render writes, any reads.
    private let muted = Atomic<Int>(0)
    /// What `process` returned.
    private let errorCode = Atomic<Int>(0)
    /// Keeps the node, and what it was made by.
    private let handle: NodeHandle
    private nonisolated(unsafe) let node: UnsafeMutableRawPointer
    private let call: @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<syrinx_block>?) -> Int32
    /// Does nothing where the type has no `absorb`.
    private let callAbsorb: @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<syrinx_block>?) -> Int32
    private let callReset: @convention(c) (UnsafeMutableRawPointer?) -> Void
    private let inputCount: Int
    private let outputCount: Int
    private let mainRate: Int
    private let kinds: Int
    /// One input, one output, and no events: so most plugins are, and what is handed over is written without a loop.
    private let isPlain: Bool
    /// The ports' tables, made once: inputs, then outputs. Owned by the render thread, as all below.
    private nonisolated(unsafe) let buffers: UnsafeMutablePointer<syrinx_buffer>
    private nonisolated(unsafe) let pointers: UnsafeMutablePointer<UnsafeMutablePointer<Float>>
    private nonisolated(unsafe) let block: UnsafeMutablePointer<syrinx_block>
    private nonisolated(unsafe) let changes: UnsafeMutablePointer<syrinx_change>
    private nonisolated(unsafe) let outlet: UnsafeMutablePointer<Outlet>
    private let changeCapacity: Int
    private nonisolated(unsafe) var changeCount = 0
    /// It wrote NaN or infinity, perhaps because its input held such.
    private nonisolated(unsafe) var isSuspect = false
    /// The position that a slice without a gap begins at.
    private nonisolated(unsafe) var next = -1

    /// - Parameter handle: active.
    init(_ handle: NodeHandle, _ setup: Setup) {
        self.handle = handle
        node = handle.node
        let functions = handle.entry.functions
        call = functions.process
        callAbsorb = functions.absorb ?? { _, _ in 0 }
        callReset = functions.reset
        inputCount = setup.inputs.count
        outputCount = setup.outputs.count
        mainRate = setup.inputs.first?.format.rate ?? setup.outputs.first?.format.rate ?? setup.masterRate
        kinds = handle.entry.description.descriptor.events.count
        isPlain = inputCount == 1 && outputCount == 1 && kinds == 0
        let widths = setup.inputs.map(\.format.channels) + setup.outputs.map(\.format.channels)
        let linked = setup.inputs.map(\.isConnected) + setup.outputs.map(\.isConnected)
        buffers = .allocate(capacity: max(1, widths.count))
        pointers = .allocate(capacity: max(1, widths.reduce(0, +)))
        for (index, width) in widths.enumerated() {
            (buffers + index).initialize(
                to: syrinx_buffer(
                    channels: nil, channel_count: UInt32(width), frames: 0, position: 0,
                    flags: linked[index] ? UInt32(SYRINX_CONNECTED) : 0, reserved: 0))
        }
        changeCapacity = max(1, handle.entry.description.descriptor.parameters.count)
        changes = .allocate(capacity: changeCapacity)
        changes.initialize(repeating: syrinx_change(), count: changeCapacity)
        outlet = .allocate(capacity: 1)
        block = .allocate(capacity: 1)
        block.initialize(to: syrinx_block())
        block.pointee.size = UInt32(MemoryLayout<syrinx_block>.stride)
        block.pointee.input_count = UInt32(inputCount)
        block.pointee.output_count = UInt32(outputCount)
        block.pointee.inputs = UnsafePointer(buffers)
        block.pointee.outputs = UnsafePointer(buffers + inputCount)
        block.pointee.changes = UnsafePointer(changes)
        // `placeAll` fills the outlet only where there are events to tell.
        block.pointee.context = kinds == 0 ? nil : UnsafeMutableRawPointer(outlet)
        block.pointee.emit = { block, kind, frame, values in
            guard let context = block?.pointee.context, let values else { return }
            let outlet = context.assumingMemoryBound(to: Outlet.self).pointee
            guard Int(kind) < outlet.kinds else { return }
            let place = min(Int(frame), max(0, outlet.frames &- 1))
            outlet.block.emit(
                Int(kind), at: outlet.position &+ place, rate: outlet.rate,
                (values[0], values[1], values[2], values[3]))
        }
    }

    deinit {
        handle.deactivate()
        block.deallocate()
        outlet.deallocate()
        changes.deallocate()
        pointers.deallocate()
        buffers.deallocate()
    }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        if muted.load(ordering: .relaxed) != 0 { return silence(block) }
        place(block, isRendered: true)
        // In place the output covers the input: one that wrote NaN before has its input looked at before it is called.
        var wasFinite = false
        if isSuspect { wasFinite = isFinite(first: 0, count: inputCount) }
        let (call, node, own) = (call, node, self.block)
        // The plugin's own code: the header forbids it to allocate, lock or wait here, and `syrinx plugin check` counts.
        let code = _unsafePerformance { call(node, own) }
        changeCount = 0
        if code != 0 {
            mute(1, code: code)
            return silence(block)
        }
        if isFinite(first: inputCount, count: outputCount) { return }
        if !wasFinite { wasFinite = isFinite(first: 0, count: inputCount) }
        if wasFinite { mute(2, code: 0) }
        isSuspect = true
        silence(block)
    }

    @_noLocks @_noAllocation
    func absorb(_ block: RenderBlock) {
        guard muted.load(ordering: .relaxed) == 0 else { return }
        let (callAbsorb, node, own) = (callAbsorb, node, self.block)
        place(block, isRendered: false)
        let code = _unsafePerformance { callAbsorb(node, own) }  // As `process`.
        if code != 0 { mute(1, code: code) }
    }

    @_noLocks @_noAllocation
    func set(_ parameter: Int, to value: Double) {
        var place = 0
        while place < changeCount, changes[place].parameter != UInt32(truncatingIfNeeded: parameter) { place &+= 1 }
        if place == changeCapacity { return }
        changes[place] = syrinx_change(parameter: UInt32(truncatingIfNeeded: parameter), frame: 0, value: value)
        if place == changeCount { changeCount &+= 1 }
    }

    @_noLocks @_noAllocation
    func reset() {
        let (callReset, node) = (callReset, node)
        _unsafePerformance { callReset(node) }  // As `process`.
        changeCount = 0
        next = -1
        isSuspect = false
        mute(0, code: 0)
    }

    /// Writes the slice into the plugin's tables.
    ///
    /// - Parameter isRendered: false: the slice was rendered before, and is absorbed now.
    @_noLocks @_noAllocation
    @inline(__always)
    private func place(_ source: RenderBlock, isRendered: Bool) {
        if !isPlain { return placeAll(source, isRendered: isRendered) }
        let (input, output) = (source.input, source.output)
        let (from, to) = (input.table, output.table)
        if from.offset != 0 || to.offset != 0 { return placeAll(source, isRendered: isRendered) }
        write(from.channels, input.frameCount, input.position, to: 0)
        write(to.channels, output.frameCount, output.position, to: 1)
        begin(
            at: input.position, input.frameCount, isInPlace: from.channels[0] == to.channels[0], isRendered: isRendered)
    }

    @_noLocks @_noAllocation
    @inline(never)
    private func placeAll(_ source: RenderBlock, isRendered: Bool) {
        let (buffers, inputCount, outputCount) = (buffers, inputCount, outputCount)
        var copied = pointers
        for index in 0..<inputCount {
            let port = source.input(index)
            write(channels(port.table, port.channelCount, &copied), port.frameCount, port.position, to: index)
        }
        for index in 0..<outputCount {
            let port = source.output(index)
            write(
                channels(port.table, port.channelCount, &copied), port.frameCount, port.position,
                to: inputCount &+ index)
        }
        let (position, frames) = (Int(buffers[0].position), Int(buffers[0].frames))
        let isInPlace =
            inputCount > 0 && outputCount > 0 && buffers[0].channels[0] == buffers[inputCount].channels[0]
        begin(at: position, frames, isInPlace: isInPlace, isRendered: isRendered)
        if kinds == 0 { return }
        outlet.pointee = Outlet(block: source, kinds: kinds, position: position, frames: frames, rate: mainRate)
    }

    @_noLocks @_noAllocation
    @inline(__always)
    private func write(
        _ channels: UnsafePointer<UnsafeMutablePointer<Float>>, _ frames: Int, _ position: Int, to port: Int
    ) {
        let buffers = buffers
        buffers[port].channels = UnsafeRawPointer(channels).assumingMemoryBound(to: UnsafeMutablePointer<Float>?.self)
        buffers[port].frames = UInt32(truncatingIfNeeded: frames)
        buffers[port].position = Int64(position)
    }

    /// What the slice is as a whole.
    @_noLocks @_noAllocation
    @inline(__always)
    private func begin(at position: Int, _ frames: Int, isInPlace: Bool, isRendered: Bool) {
        var flags: UInt32 = isInPlace ? UInt32(SYRINX_IN_PLACE) : 0
        if isRendered, position != next { flags |= UInt32(SYRINX_DISCONTINUITY) }
        next = position &+ frames
        block.pointee.flags = flags
        block.pointee.change_count = isRendered ? UInt32(truncatingIfNeeded: changeCount) : 0
    }

    /// The engine's own table of channels where the slice begins with the buffers, else a copy with moved places.
    @_noLocks @_noAllocation
    @inline(__always)
    private func channels(
        _ table: (channels: UnsafePointer<UnsafeMutablePointer<Float>>, offset: Int), _ width: Int,
        _ copied: inout UnsafeMutablePointer<UnsafeMutablePointer<Float>>
    ) -> UnsafePointer<UnsafeMutablePointer<Float>> {
        if table.offset == 0 { return table.channels }
        let first = copied
        for channel in 0..<width { (first + channel).initialize(to: table.channels[channel] + table.offset) }
        copied = first + width
        return UnsafePointer(first)
    }

    /// Whether every sample of some ports is finite.
    @_noLocks @_noAllocation
    private func isFinite(first: Int, count: Int) -> Bool {
        let (ports, count) = (buffers + first, UInt32(truncatingIfNeeded: count))
        // A loop over floats.
        return _unsafePerformance { syrinx_ports_finite(ports, count) != 0 }
    }

    @_noLocks @_noAllocation
    private func mute(_ reason: Int, code: Int32) {
        errorCode.store(Int(code), ordering: .relaxed)
        muted.store(reason, ordering: .releasing)
    }

    /// Why the plugin is silent, as a user is told it; nil while it plays. Thread: any.
    var mutedWords: String? {
        switch muted.load(ordering: .acquiring) {
        case 1: "its process returned the error \(errorCode.load(ordering: .relaxed))"
        case 2: "it wrote NaN or infinity"
        default: nil
        }
    }

    @_noLocks @_noAllocation
    private func silence(_ block: RenderBlock) {
        for index in 0..<outputCount { block.output(index).silence() }
    }
}
