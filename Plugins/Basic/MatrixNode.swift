public import SyrinxCore
internal import SyrinxDSP

/// Mixes N channels into M: every output is a weighted sum of the inputs.
///
/// - Ports: `in` (as many channels as the matrix has columns), `out` (as many as it has rows). Latency: 0 frames.
public struct MatrixNode: Node {
    private static let cells = ParameterKind.list(
        .list(.number(-1000...1000), count: Limits.channels), count: Limits.channels)
    private static let decibelCells = ParameterKind.list(
        .list(.number(-200...60), count: Limits.channels), count: Limits.channels)

    public static let descriptor = NodeDescriptor(
        type: "matrix", summary: "Mixes N channels into M: every output is a weighted sum of the inputs.",
        inputs: [.audio("in")], outputs: [.audio("out")],
        parameters: [
            .init("gains", cells, "Linear gains: a row for every output, in it a number for every input."),
            .init("gains_db", decibelCells, unit: .decibels, "The same in decibels; -200 is nothing at all."),
            .choice("preset", of: MatrixPreset.allCases.map(\.rawValue), "A matrix by name, instead of gains."),
        ],
        details: """
            Exactly one of `gains`, `gains_db` and `preset` is set. Presets: `mono`, the mean of however many channels \
            come in; `stereo_to_mono`, the mean of two; `left` and `right`, one of two; `swap`; `mid_side`, mid = \
            (L + R)/2 and side = (L - R)/2; `from_mid_side`, the way back, L = M + S and R = M - S; `surround_to_stereo`, \
            six channels (L R C LFE Ls Rs) to two by ITU-R BS.775: centre and surrounds at -3.01 dB, LFE left out; it may \
            exceed full scale. A gain of 0 keeps NaN out as well.
            """,
        example: #""fold": { "type": "matrix", "preset": "stereo_to_mono" }"#)

    /// nil: the mean of all channels.
    private let rows: [[Float]]?

    public init(_ parameters: Parameters) throws(PipelineError) {
        let given = ["gains", "gains_db", "preset"].filter(parameters.isSet)
        guard given.count == 1 else {
            let found = given.isEmpty ? "none" : given.joined(separator: " and ")
            throw parameters.error(given.first ?? "gains", "found \(found) of gains, gains_db and preset, expected one")
        }
        if let name = try parameters.optionalString("preset") {
            rows = MatrixPreset(rawValue: name)?.rows
            return
        }
        let cells = try parameters.list(given[0]).map { $0.list ?? [] }
        let width = cells.first?.count ?? 0
        if let row = cells.firstIndex(where: { $0.count != width }) {
            throw parameters.error(
                "\(given[0])[\(row)]",
                "found \(cells[row].count) gains, expected \(width) as in row 0: one for every input channel")
        }
        let isDecibels = given[0] == "gains_db"
        rows = cells.map { row in
            row.map { cell in
                let number = cell.double ?? 0
                if isDecibels { return number <= -200 ? 0 : decibelsToLinear(number) }
                return Float(number)
            }
        }
    }

    public func inputChannels(_ port: String) -> Int? { rows?.first?.count }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        let rate = request.inputs.first.flatMap { $0 }?.rate ?? request.masterRate
        return Resolution(outputs: [OutputStream(PartialFormat(rate: rate, channels: rows?.count ?? 1))])
    }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        let width = setup.input.format.channels
        return Prepared(MatrixRenderer(rows ?? [[Float](repeating: 1 / Float(width), count: width)]))
    }
}

/// The matrices that have names.
enum MatrixPreset: String, CaseIterable {
    case mono
    case stereoToMono = "stereo_to_mono"
    case left, right, swap
    case midSide = "mid_side"
    case fromMidSide = "from_mid_side"
    case surroundToStereo = "surround_to_stereo"

    /// A row for every output; nil: the mean of all inputs.
    var rows: [[Float]]? {
        let minus3 = Float(0.5.squareRoot())
        return switch self {
        case .mono: nil
        case .stereoToMono: [[0.5, 0.5]]
        case .left: [[1, 0]]
        case .right: [[0, 1]]
        case .swap: [[0, 1], [1, 0]]
        case .midSide: [[0.5, 0.5], [0.5, -0.5]]
        case .fromMidSide: [[1, 1], [1, -1]]
        case .surroundToStereo: [[1, 0, minus3, 0, minus3, 0], [0, 1, minus3, 0, 0, minus3]]
        }
    }
}

/// The render half of ``MatrixNode``.
final class MatrixRenderer: Renderer {
    private let width: Int
    /// Row by row. Never changes.
    private nonisolated(unsafe) let gains: UnsafeMutablePointer<Float>

    init(_ rows: [[Float]]) {
        width = rows[0].count
        gains = .allocate(capacity: rows.count * width)
        for (index, gain) in rows.joined().enumerated() { (gains + index).initialize(to: gain) }
    }

    deinit { gains.deallocate() }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let (input, output) = (block.input, block.output)
        let width = min(width, input.channelCount)
        for row in 0..<output.channelCount {
            let (sum, gains) = (output[row], gains + row * self.width)
            if width == 2, gains[0] != 0, gains[1] != 0 {
                mix(input[0], times: gains[0], input[1], times: gains[1], into: sum)
                continue
            }
            var isEmpty = true
            for column in 0..<width where gains[column] != 0 {
                if !isEmpty {
                    add(input[column], times: gains[column], to: sum)
                } else if gains[column] == 1 {
                    copy(input[column], into: sum)
                } else {
                    multiply(input[column], times: gains[column], into: sum)
                }
                isEmpty = false
            }
            if isEmpty { sum.update(repeating: 0) }
        }
    }

    @_noLocks @_noAllocation
    func reset() {}
}
