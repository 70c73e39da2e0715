/// How often and how wide: a stream's rate and channel count.
public struct StreamFormat: Sendable, Hashable {
    /// Frames per second, whole Hz.
    public var rate: Int
    public var channels: Int

    public init(rate: Int, channels: Int) {
        self.rate = rate
        self.channels = channels
    }
}

/// A format as far as it is known before files and devices are opened.
public struct PartialFormat: Sendable, Hashable {
    /// nil: not known yet.
    public var rate: Int?
    /// nil: not known yet.
    public var channels: Int?

    public init(rate: Int? = nil, channels: Int? = nil) {
        self.rate = rate
        self.channels = channels
    }

    /// The format, once both are known.
    public var complete: StreamFormat? {
        guard let rate, let channels else { return nil }
        return StreamFormat(rate: rate, channels: channels)
    }
}

/// Limits that keep arithmetic exact and memory bounded; files and devices beyond them are refused.
public enum Limits {
    public static let rates = 1...6_144_000
    public static let channels = 1...1024
    @inlinable
    public static var controlRate: Int { 1000 }
}
