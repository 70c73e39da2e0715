public import SyrinxCore
internal import SyrinxDSP

/// Places a mono signal between two loudspeakers, or balances a stereo one.
///
/// - Ports: `in` (1 or 2 channels), `out` (2); stereo may run in place. Latency: 0 frames.
public struct PanNode: Node {
    public static let descriptor = NodeDescriptor(
        type: "pan", summary: "Places mono between two loudspeakers, or balances stereo.",
        inputs: [.audio("in", "One or two channels.")], outputs: [.audio("out", "Two channels.")],
        parameters: [
            .number(
                "position_percent", in: -100...100, default: 0, unit: .percent, live: true,
                "-100 is left, 100 is right. Glides in 10 ms."),
            .number(
                "law_db", in: -6...(-3), default: -3, unit: .decibels,
                "How far each side lies below full in the middle: -3 (constant power), -4.5 or -6."),
        ],
        worksInPlace: true,
        details: """
            Mono: left = cos(a)^p and right = sin(a)^p, where a goes from 0 to 90 degrees with the position and p = \
            -law_db/3. -3 (nominal: 3.01) keeps the power constant, -6 the sum of both sides, -4.5 is the compromise \
            between them. Stereo is balanced: the side that is panned away from falls by the same curve, the other stays \
            as it is, and the middle changes nothing. Source of the laws: D. Griesinger, "Stereo and Surround Panning in \
            Practice", AES 112th Convention, 2002.
            """,
        example: #""voice": { "type": "pan", "position_percent": -30 }"#)

    private let position: Double
    private let law: Double
    private let path: String

    public init(_ parameters: Parameters) throws(PipelineError) {
        position = try parameters.number("position_percent")
        law = try parameters.number("law_db")
        path = parameters.path
    }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        let input = request.inputs.first.flatMap { $0 }
        if let channels = input?.channels, channels > 2 {
            throw PipelineError(
                .invalidLink, at: path, "found \(channels) channels at in, expected 1 or 2; put a \"matrix\" before it")
        }
        return Resolution(outputs: [OutputStream(PartialFormat(rate: input?.rate ?? request.masterRate, channels: 2))])
    }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        let format = setup.input.format
        return Prepared(
            PanRenderer(position: position, exponent: -law / 3, isStereo: format.channels == 2, rate: format.rate))
    }
}

/// The gains of both sides.
struct PanGains {
    let left: Float
    let right: Float

    /// - Units: `position` −100…100.
    @_noLocks @_noAllocation
    init(position: Double, exponent: Double, isStereo: Bool) {
        if isStereo {
            let away = position * (position < 0 ? -0.0025 : 0.0025)
            let falling = Self.power(cos(turns: away), exponent)
            left = position > 0 ? falling : 1
            right = position < 0 ? falling : 1
        } else {
            let turns = (position + 100) * 0.00125
            left = Self.power(cos(turns: turns), exponent)
            right = Self.power(sin(turns: turns), exponent)
        }
    }

    @_noLocks @_noAllocation
    private static func power(_ x: Double, _ exponent: Double) -> Float {
        if x <= 1e-15 { return 0 }
        return exponent == 1 ? Float(x) : Float(exp2(exponent * log2(x)))
    }
}

/// The render half of ``PanNode``.
final class PanRenderer: Renderer {
    private let initial: PanGains
    private let exponent: Double
    private let isStereo: Bool
    private let glideFrames: Int
    /// The gains of both sides. Owned by the render thread.
    private nonisolated(unsafe) var left: LinearGlide
    private nonisolated(unsafe) var right: LinearGlide

    init(position: Double, exponent: Double, isStereo: Bool, rate: Int) {
        initial = PanGains(position: position, exponent: exponent, isStereo: isStereo)
        self.exponent = exponent
        self.isStereo = isStereo
        glideFrames = rate / 100
        left = LinearGlide(at: initial.left)
        right = LinearGlide(at: initial.right)
    }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let (input, output) = (block.input, block.output)
        let (left, right) = (left, right)
        multiply(input[0], by: left, into: output[0])
        multiply(input[isStereo ? 1 : 0], by: right, into: output[1])
        self.left.advance(by: output.frameCount)
        self.right.advance(by: output.frameCount)
    }

    @_noLocks @_noAllocation
    func set(_ parameter: Int, to value: Double) {
        let gains = PanGains(position: value, exponent: exponent, isStereo: isStereo)
        left.aim(at: gains.left, over: glideFrames)
        right.aim(at: gains.right, over: glideFrames)
    }

    @_noLocks @_noAllocation
    func reset() {
        left = LinearGlide(at: initial.left)
        right = LinearGlide(at: initial.right)
    }
}
