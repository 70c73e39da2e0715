/// Where a slice of time lies in the streams of one rate. The engine keeps one for every rate of a plan.
@frozen
public struct PortClock {
    /// The index of the slice's first frame since the run began.
    public var position: Int
    /// How many frames the slice holds; may be 0.
    public var frames: Int
    /// Where the slice begins in the buffers, in frames.
    public var offset: Int

    @inlinable
    public init(position: Int = 0, frames: Int = 0, offset: Int = 0) {
        self.position = position
        self.frames = frames
        self.offset = offset
    }
}

/// The memory behind one input or output of a step. Made by the engine; renderers see ``InputPort`` and ``OutputPort``.
@frozen
public struct Port {
    @usableFromInline let channels: UnsafePointer<UnsafeMutablePointer<Float>>
    @usableFromInline let clock: UnsafePointer<PortClock>
    @usableFromInline let channelCount: Int32
    @usableFromInline let isConnected: Bool

    /// A port over buffers of others: `channels` has one for each channel. They outlive the port, as does `clock`.
    @inlinable
    public init(
        channels: UnsafePointer<UnsafeMutablePointer<Float>>, channelCount: Int, clock: UnsafePointer<PortClock>,
        isConnected: Bool
    ) {
        self.channels = channels
        self.clock = clock
        self.channelCount = Int32(channelCount)
        self.isConnected = isConnected
    }
}

/// One input of a block: audio, or a control stream of one channel at 1000 values a second.
@frozen
public struct InputPort {
    @usableFromInline let port: Port

    @inlinable
    public init(_ port: Port) { self.port = port }

    @inlinable
    public var channelCount: Int { Int(port.channelCount) }

    /// How many frames the block holds at this port's rate; may be 0.
    @inlinable
    public var frameCount: Int { port.clock.pointee.frames }

    /// The index of the block's first frame since the run began, at this port's rate.
    @inlinable
    public var position: Int { port.clock.pointee.position }

    /// False: nothing is linked to it, and it holds silence.
    @inlinable
    public var isConnected: Bool { port.isConnected }

    /// Where each channel's buffer begins, and how many frames behind that the slice does: for code that takes a whole table
    /// of channels. Valid during the call only.
    @inlinable
    public var table: (channels: UnsafePointer<UnsafeMutablePointer<Float>>, offset: Int) {
        (port.channels, port.clock.pointee.offset)
    }

    /// The samples of one channel. Several channels may be the same memory (mono spread wide).
    @inlinable
    public subscript(channel: Int) -> UnsafeBufferPointer<Float> {
        let clock = port.clock.pointee
        return UnsafeBufferPointer(start: port.channels[channel] + clock.offset, count: clock.frames)
    }
}

/// One output of a block. Its memory holds anything at first: a renderer writes every sample of it.
@frozen
public struct OutputPort {
    @usableFromInline let port: Port

    @inlinable
    public init(_ port: Port) { self.port = port }

    @inlinable
    public var channelCount: Int { Int(port.channelCount) }

    /// How many frames the block holds at this port's rate; may be 0.
    @inlinable
    public var frameCount: Int { port.clock.pointee.frames }

    /// The index of the block's first frame since the run began, at this port's rate.
    @inlinable
    public var position: Int { port.clock.pointee.position }

    /// False: nobody listens.
    @inlinable
    public var isConnected: Bool { port.isConnected }

    /// Where each channel's buffer begins, and how many frames behind that the slice does: for code that takes a whole table
    /// of channels. Valid during the call only.
    @inlinable
    public var table: (channels: UnsafePointer<UnsafeMutablePointer<Float>>, offset: Int) {
        (port.channels, port.clock.pointee.offset)
    }

    /// The memory of one channel. If the descriptor says `worksInPlace` it may be the main input's.
    @inlinable
    public subscript(channel: Int) -> UnsafeMutableBufferPointer<Float> {
        let clock = port.clock.pointee
        return UnsafeMutableBufferPointer(start: port.channels[channel] + clock.offset, count: clock.frames)
    }

    /// Writes zeros to every channel.
    @inlinable
    public func silence() {
        for channel in 0..<channelCount { self[channel].update(repeating: 0) }
    }
}
