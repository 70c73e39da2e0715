/// An exact fraction; how instants and latencies are reckoned where rates meet.
///
/// - Units: seconds, wherever no other unit is named.
public struct Rational: Sendable, Hashable, Comparable {
    public let numerator: Int128
    /// Always positive, and without a factor in common with the numerator.
    public let denominator: Int128

    /// - Precondition: `denominator` is positive.
    public init(_ numerator: Int128, over denominator: Int128 = 1) {
        precondition(denominator > 0)
        var (a, b) = (numerator.magnitude, denominator.magnitude)
        while b != 0 { (a, b) = (b, a % b) }
        let factor = Int128(a == 0 ? 1 : a)
        self.numerator = numerator / factor
        self.denominator = denominator / factor
    }

    /// The instant of frame `frames` in a stream of `rate` Hz.
    public init(frames: Int, rate: Int) { self.init(Int128(frames), over: Int128(rate)) }

    public static let zero = Rational(0)

    /// The first frame of a stream of `rate` Hz that does not lie before this instant: ceil(self · rate).
    public func frame(atRate rate: Int) -> Int { Int((self * Rational(Int128(rate))).roundedUp) }

    /// This length in frames of `rate` Hz, or nil if it is no whole number of them.
    public func wholeFrames(atRate rate: Int) -> Int? {
        let frames = self * Rational(Int128(rate))
        return frames.denominator == 1 ? Int(frames.numerator) : nil
    }

    public var roundedUp: Int128 {
        let quotient = numerator / denominator
        return numerator > quotient * denominator ? quotient + 1 : quotient
    }

    /// The largest whole number that is not above it.
    public var roundedDown: Int {
        let quotient = numerator / denominator
        return Int(numerator < quotient * denominator ? quotient - 1 : quotient)
    }

    /// The nearest binary fraction, for display.
    public var double: Double { Double(numerator) / Double(denominator) }

    public static func + (a: Self, b: Self) -> Self {
        Rational(a.numerator * b.denominator + b.numerator * a.denominator, over: a.denominator * b.denominator)
    }

    public static func - (a: Self, b: Self) -> Self { a + Rational(-b.numerator, over: b.denominator) }

    public static func * (a: Self, b: Self) -> Self {
        Rational(a.numerator * b.numerator, over: a.denominator * b.denominator)
    }

    public static func < (a: Self, b: Self) -> Bool { a.numerator * b.denominator < b.numerator * a.denominator }
}
