internal import SyrinxCore
internal import SyrinxGraph

/// How a descriptor is put in words, the same on every kind of page.
enum ReferenceWords {
    /// `−120…24 dB`, `one of tpdf, none`, `a path that is read`.
    static func kind(_ parameter: ParameterDescriptor) -> String { kind(parameter.kind, unit: parameter.unit) }

    private static func kind(_ kind: ParameterKind, unit: Unit = .none) -> String {
        switch kind {
        case .path(let use): use == .read ? "a path that is read" : "a path that is written"
        case .list(let element, let count):
            "a list of \(Wording.range(count, of: "entries")), each \(Self.kind(element, unit: unit))"
        case .map(let element): "an object of any names, each \(Self.kind(element, unit: unit))"
        case .object(let members): "an object with \(members.map(\.name).joined(separator: ", "))"
        default: Wording.expected(kind, unit: unit)
        }
    }

    /// `default 0`, `required`, `may stay unset`.
    static func presence(_ parameter: ParameterDescriptor) -> String {
        if parameter.required { return "required" }
        guard let value = parameter.defaultValue else { return "may stay unset" }
        return "default " + Self.value(value)
    }

    /// The default as a reader sees it.
    static func value(_ value: Value) -> String {
        switch value {
        case .number(let number): Wording.number(number)
        case .integer(let integer): Wording.number(Double(integer))
        default: value.json()
        }
    }

    /// `live` or `structural`, and `secret`.
    static func change(_ parameter: ParameterDescriptor) -> String {
        (parameter.live ? "live" : "structural") + (parameter.secret ? ", secret" : "")
    }

    /// `audio, mixed down to mono if need be`, `control, dBFS`.
    static func port(_ port: PortDescriptor) -> String {
        var text = port.kind.rawValue
        if port.unit != .none { text += ", \(port.unit.rawValue)" }
        if port.mixesDown { text += ", mixed down where it is narrower" }
        return text
    }

    static func traits(_ descriptor: NodeDescriptor) -> [String] {
        var traits: [String] = []
        if descriptor.isProcessor { traits.append("It understands \"bypass\": true.") }
        if let listed = descriptor.listedOutputs {
            traits.append(
                "Each entry of \(listed.parameter) is a control output of its own, named in lower case with _ between words: \(listed.summary.lowercased())."
            )
        }
        if let decisive = descriptor.refinedBy {
            traits.append("Its ports and further parameters follow from \(decisive).")
        }
        switch descriptor.pace {
        case .free: break
        case .wallClock: traits.append("It runs at the pace of the clock on the wall.")
        case .device(let name): traits.append("It is a device of the \(name) driver, which owns the clock.")
        }
        return traits
    }
}
