package import SyrinxCore

/// How values, ranges and formats are put in words, the same in every report.
package enum Wording {
    /// `−60…0 dB`, `one of sine, square`, `true or false`.
    package static func expected(_ kind: ParameterKind, unit: Unit = .none) -> String {
        switch kind {
        case .number(let range): "\(number(range.lowerBound))…\(number(range.upperBound))\(suffix(unit))"
        case .integer(let range):
            "a whole number \(number(Double(range.lowerBound)))…\(number(Double(range.upperBound)))\(suffix(unit))"
        case .boolean: "true or false"
        case .string: "a string"
        case .path: "a path"
        case .choice(let words): words.count == 1 ? #""\#(words[0])""# : "one of " + words.joined(separator: ", ")
        case .list(_, let count): "a list of \(range(count, of: "entries"))"
        case .object, .map: "an object"
        case .any: "any value"
        }
    }

    /// `3.0 dB`, `"loud"`, `a list`; what came from outside the file is not shown.
    package static func found(_ value: DocumentValue, unit: Unit = .none) -> String {
        guard case .number = value.content else { return value.shown }
        return value.shown.replacingMinus + suffix(unit)
    }

    /// `2 entries`, `1…8 entries`, `at least 1 entries`.
    package static func range(_ range: ClosedRange<Int>, of things: String) -> String {
        if range.lowerBound == range.upperBound { return "\(range.lowerBound) \(things)" }
        if range.upperBound == .max { return "at least \(range.lowerBound) \(things)" }
        return "\(range.lowerBound)…\(range.upperBound) \(things)"
    }

    /// Shortest form, whole numbers without a fraction, with the typographic minus.
    package static func number(_ number: Double) -> String {
        let text = Int(exactly: number).map(String.init) ?? number.description
        return text.replacingMinus
    }

    /// `1 channel`, `3 channels`.
    package static func channels(_ count: Int) -> String { count == 1 ? "1 channel" : "\(count) channels" }

    package static func isNumeric(_ kind: ParameterKind) -> Bool {
        switch kind {
        case .number, .integer: true
        default: false
        }
    }

    private static func suffix(_ unit: Unit) -> String { unit == .none ? "" : " " + unit.rawValue }
}

extension String {
    fileprivate var replacingMinus: String { String(map { $0 == "-" ? "−" : $0 }) }
}
