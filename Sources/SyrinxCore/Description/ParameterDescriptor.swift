/// What a parameter may hold.
public indirect enum ParameterKind: Sendable, Hashable {
    case number(ClosedRange<Double>)
    case integer(ClosedRange<Int>)
    case boolean
    case string
    /// A path; what a run will do with it. Relative paths are resolved before the node sees them; `-` stays.
    case path(PathUse)
    /// One of these words.
    case choice([String])
    /// So many values of one kind.
    case list(ParameterKind, count: ClosedRange<Int>)
    /// Named values of the given kinds.
    case object([ParameterDescriptor])
    /// Any names, each with a value of the kind.
    case map(ParameterKind)
    /// Whatever JSON can say.
    case any

    public enum PathUse: Sendable, Hashable {
        case read
        case write
    }
}

/// One parameter of a node type, as the checker, the schema, the reference and the control surface see it.
///
/// - Units: names end in the unit: `_db`, `_hz`, `_ms`, `_s`, `_dbfs`, `_frames`, `_ratio`, `_percent`, `_ppm`.
public struct ParameterDescriptor: Sendable, Hashable {
    public let name: String
    public let kind: ParameterKind
    public let unit: Unit
    /// The value where the file gives none. nil: the parameter may stay unset.
    public let defaultValue: Value?
    /// True: a file without it is a fault.
    public let required: Bool
    /// True: may change while it sounds, by control link or from outside. Only numbers and integers can be live.
    public let live: Bool
    /// True: its value is masked wherever it occurs, and must not stand in the file.
    public let secret: Bool
    /// One sentence for the reference.
    public let summary: String

    public init(
        _ name: String, _ kind: ParameterKind, unit: Unit = .none, default defaultValue: Value? = nil,
        required: Bool = false, live: Bool = false, secret: Bool = false, _ summary: String
    ) {
        self.name = name
        self.kind = kind
        self.unit = unit
        self.defaultValue = defaultValue
        self.required = required
        self.live = live
        self.secret = secret
        self.summary = summary
    }

    /// A number within a range.
    public static func number(
        _ name: String, in range: ClosedRange<Double>, default value: Double? = nil, unit: Unit = .none,
        required: Bool = false, live: Bool = false, _ summary: String
    ) -> Self {
        Self(
            name, .number(range), unit: unit, default: value.map(Value.number), required: required, live: live, summary)
    }

    /// A whole number within a range.
    public static func integer(
        _ name: String, in range: ClosedRange<Int>, default value: Int? = nil, unit: Unit = .none,
        required: Bool = false, live: Bool = false, _ summary: String
    ) -> Self {
        Self(
            name, .integer(range), unit: unit, default: value.map(Value.integer), required: required, live: live,
            summary)
    }

    public static func boolean(_ name: String, default value: Bool? = nil, _ summary: String) -> Self {
        Self(name, .boolean, default: value.map(Value.boolean), summary)
    }

    public static func string(
        _ name: String, default value: String? = nil, required: Bool = false, _ summary: String
    ) -> Self {
        Self(name, .string, default: value.map(Value.string), required: required, summary)
    }

    /// One of several words.
    public static func choice(
        _ name: String, of words: [String], default value: String? = nil, required: Bool = false, _ summary: String
    ) -> Self {
        Self(name, .choice(words), default: value.map(Value.string), required: required, summary)
    }

    /// A file that a run reads or writes.
    public static func path(
        _ name: String, _ use: ParameterKind.PathUse, required: Bool = false, _ summary: String
    ) -> Self {
        Self(name, .path(use), required: required, summary)
    }

    /// A string from outside the file that is never shown.
    public static func secret(_ name: String, required: Bool = false, _ summary: String) -> Self {
        Self(name, .string, required: required, secret: true, summary)
    }
}
