public import SyrinxCore
internal import SyrinxDSP

/// Second-order filters of the Audio EQ Cookbook, and Butterworth low- and high-passes up to order 8.
///
/// - Ports: `in`, `out`, same rate and channels; may run in place. Latency: 0 frames.
public struct FilterNode: Node {
    public static let descriptor = NodeDescriptor(
        type: "filter", summary: "Equaliser section: low-pass, high-pass, band-pass, notch, all-pass, peak, shelves.",
        inputs: [.audio("in")], outputs: [.audio("out")],
        parameters: [
            .choice("shape", of: FilterShape.allCases.map(\.rawValue), required: true, "What it does."),
            .number(
                "frequency_hz", in: 1...3_072_000, unit: .hertz, required: true, live: true,
                "Corner or centre; below half the rate."),
            .number(
                "q", in: 0.01...1000, live: true,
                "Quality; 0.7071 if none of q, bandwidth_oct, slope_ratio and order is set."),
            .number("bandwidth_oct", in: 0.01...10, "Width in octaves instead of q; not for shelves."),
            .number("slope_ratio", in: 0.01...1, unit: .ratio, "Steepness of a shelf instead of q; 1 is the steepest."),
            .number("gain_db", in: -60...40, default: 0, unit: .decibels, live: true, "Of peak and shelves."),
            .integer("order", in: 1...8, "Butterworth low-pass or high-pass of this order, instead of q."),
        ],
        worksInPlace: true,
        details: """
            Shapes: `lowpass`, `highpass`, `bandpass` (0 dB at its peak), `bandpass_skirt` (constant skirt, peak gain Q), \
            `notch`, `allpass`, `peak`, `low_shelf`, `high_shelf`. With `order`, sections in cascade give -3 dB at \
            `frequency_hz` and 6 dB an octave for each order beyond it.

            `frequency_hz`, `q` and `gain_db` glide for 20 ms, frequency and Q on a logarithmic scale. Coefficients are \
            computed anew every 4 frames and move in a straight line between, on a grid of frame numbers, so that block \
            size never shows. Arithmetic is in double precision. NaN and infinity at the input count as 0. Source: R. \
            Bristow-Johnson, "Audio EQ Cookbook".
            """,
        example: #""low_cut": { "type": "filter", "shape": "highpass", "frequency_hz": 80, "order": 4 }"#)

    private let parameters: Parameters
    private let design: FilterDesign

    public init(_ parameters: Parameters) throws(PipelineError) {
        self.parameters = parameters
        let shape = FilterShape(rawValue: try parameters.string("shape")) ?? .lowpass
        let widths = ["q", "bandwidth_oct", "slope_ratio", "order"].filter(parameters.isSet)
        if widths.count > 1 {
            throw parameters.error(widths[1], "found beside \(widths[0]), expected only one of them")
        }
        let isShelf = shape == .lowShelf || shape == .highShelf
        if isShelf, parameters.isSet("bandwidth_oct") {
            throw parameters.error("bandwidth_oct", "a shelf has no bandwidth; set slope_ratio or q")
        }
        if !isShelf, parameters.isSet("slope_ratio") {
            throw parameters.error("slope_ratio", "only shelves have a slope; set q or bandwidth_oct")
        }
        if shape != .lowpass, shape != .highpass, parameters.isSet("order") {
            throw parameters.error("order", "only lowpass and highpass have an order; set q")
        }
        design = FilterDesign(
            shape: shape, order: try parameters.optionalInteger("order"),
            octaves: try parameters.optionalNumber("bandwidth_oct"),
            slope: try parameters.optionalNumber("slope_ratio"), frequency: try parameters.number("frequency_hz"),
            q: try parameters.optionalNumber("q") ?? 0.5.squareRoot(), decibels: try parameters.number("gain_db"))
    }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        if let rate = request.inputs.first.flatMap({ $0 })?.rate, design.frequency >= Double(rate) / 2 {
            throw parameters.error(
                "frequency_hz", "found \(design.frequency) Hz, expected less than \(Double(rate) / 2) Hz, half the rate"
            )
        }
        return .sameAsInput(request)
    }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        Prepared(FilterRenderer(design, setup.input.format))
    }
}

/// What ``FilterNode`` can do, under the names of the pipeline file.
enum FilterShape: String, CaseIterable {
    case lowpass, highpass, bandpass
    case bandpassSkirt = "bandpass_skirt"
    case notch, allpass, peak
    case lowShelf = "low_shelf"
    case highShelf = "high_shelf"

    var biquad: BiquadShape {
        switch self {
        case .lowpass: .lowpass
        case .highpass: .highpass
        case .bandpass: .bandpass
        case .bandpassSkirt: .bandpassSkirt
        case .notch: .notch
        case .allpass: .allpass
        case .peak: .peak
        case .lowShelf: .lowShelf
        case .highShelf: .highShelf
        }
    }
}

/// A filter as its parameters describe it.
struct FilterDesign: Sendable {
    let shape: FilterShape
    /// nil: one section of the cookbook.
    let order: Int?
    let octaves: Double?
    let slope: Double?
    let frequency: Double
    let q: Double
    let decibels: Double

    /// How many sections it takes, a first-order one included.
    var sectionCount: Int { order.map { ($0 + 1) / 2 } ?? 1 }

    /// One section for the given values of the parameters that can move.
    ///
    /// - Units: `octave` is log2 of Hz, `sharpness` log2 of Q.
    /// - Source: Butterworth's poles lie at even angles: Q of section i of order n is 1/(2·cos(π(2i+1)/(2n))), counted so
    ///   that an odd order's real pole comes last.
    @_noLocks @_noAllocation
    func section(
        _ index: Int, octave: Double, sharpness: Double, decibels: Double, rate: Double
    ) -> BiquadCoefficients {
        let turns = exp2(octave) / rate
        if let order {
            if index == order / 2 {
                return BiquadCoefficients(firstOrderHighpass: shape == .highpass, turns: turns)
            }
            // The angle from the negative real axis, in turns: even orders begin half a step from it, odd ones a whole.
            let steps = Double(order / 2 - 1 - index) + (order % 2 == 0 ? 0.5 : 1)
            let angle = steps / Double(2 * order)
            return BiquadCoefficients(shape.biquad, turns: turns, inverseQ: 2 * cos(turns: angle))
        }
        var inverseQ = exp2(-sharpness)
        if let octaves { inverseQ = BiquadCoefficients.inverseQ(octaves: octaves, turns: turns) }
        if let slope { inverseQ = BiquadCoefficients.inverseQ(slope: slope, decibels: decibels) }
        return BiquadCoefficients(shape.biquad, turns: turns, inverseQ: inverseQ, decibels: decibels)
    }
}
