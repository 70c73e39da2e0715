internal import SyrinxCore

/// Checks written values against what a descriptor lets a parameter hold.
struct ValueChecker {
    /// Relative paths are taken from here; empty: as they are.
    let directory: String
    private(set) var faults: [Fault] = []

    init(directory: String) { self.directory = directory }

    /// What became of a value.
    enum Outcome {
        case value(Value)
        /// A reference that came out empty: the parameter is unset.
        case unset
        /// A reference that is not looked up in this run.
        case open
        /// A fault was noted.
        case faulty
    }

    mutating func check(
        _ value: DocumentValue, as kind: ParameterKind, unit: Unit, at path: String
    ) -> Outcome {
        if case .string(let text) = value.content, text.isReference, text.text.isEmpty { return .unset }
        switch (kind, value.content) {
        case (_, .unresolved): return .open
        case (.any, _): return .value(plain(value))
        case (.number(let range), _):
            guard let number = number(value) else { return found(value, kind, unit, at: path) }
            return range.contains(number) ? .value(.number(number)) : found(value, kind, unit, at: path)
        case (.integer(let range), _):
            guard let number = number(value), let integer = Int(exactly: number), range.contains(integer) else {
                return found(value, kind, unit, at: path)
            }
            return .value(.integer(integer))
        case (.boolean, .boolean(let boolean)): return .value(.boolean(boolean))
        case (.boolean, .string(let text)) where text.isReference && ["true", "false"].contains(text.text):
            return .value(.boolean(text.text == "true"))
        case (.string, .string(let text)): return .value(.string(text.text))
        case (.path, .string(let text)):
            if text.text.isEmpty || text.text.contains("\0") { return found(value, kind, unit, at: path) }
            return .value(.string(resolve(text)))
        case (.choice(let words), .string(let text)):
            if words.contains(text.text) { return .value(.string(text.text)) }
            return found(value, kind, unit, at: path, hint: NearestName.suggestion(text.text, among: words))
        case (.list(let element, let count), .list(let values)):
            guard count.contains(values.count) else {
                return fault(
                    value, at: path, "found \(values.count) entries, expected \(Wording.range(count, of: "entries"))")
            }
            return elements(
                values.enumerated().map { (name: "", place: "\(path)[\($0)]", value: $1) }, as: element, unit,
                { .list($0.map(\.value)) })
        // From the command line, or by a reference: one entry without its brackets.
        case (.list(let element, let count), .string(let text)) where text.isReference && count.contains(1):
            return elements([(name: "", place: path, value: value)], as: element, unit, { .list($0.map(\.value)) })
        case (.map(let element), .object(let members)):
            return elements(
                members.map { (name: $0.name, place: path + Shown.step($0.name), value: $0.value) }, as: element, unit,
                { .object($0) })
        case (.object(let descriptors), .object(let members)):
            return object(members, descriptors, at: path)
        default: return found(value, kind, unit, at: path)
        }
    }

    /// Checks every element, so that all faults are found.
    private mutating func elements(
        _ elements: [(name: String, place: String, value: DocumentValue)], as kind: ParameterKind, _ unit: Unit,
        _ whole: ([Value.Member]) -> Value
    ) -> Outcome {
        var values: [Value.Member] = []
        var (open, faulty) = (false, false)
        for (name, place, value) in elements {
            switch check(value, as: kind, unit: unit, at: place) {
            case .value(let value): values.append(.init(name, value))
            case .unset:
                _ = fault(value, at: place, "the reference came out empty; an entry cannot be left out")
                faulty = true
            case .open: open = true
            case .faulty: faulty = true
            }
        }
        return faulty ? .faulty : open ? .open : .value(whole(values))
    }

    private mutating func object(
        _ members: [DocumentMember], _ descriptors: [ParameterDescriptor], at path: String
    ) -> Outcome {
        var values: [Value.Member] = []
        var (open, faulty) = (false, false)
        for member in members {
            guard let descriptor = descriptors.first(where: { $0.name == member.name }) else {
                let hint = NearestName.suggestion(member.name, among: descriptors.map(\.name))
                faults.append(
                    Fault(
                        PipelineError(
                            .invalidParameter, at: path + Shown.step(member.name), "no such member here\(hint)"),
                        position: member.namePosition))
                faulty = true
                continue
            }
            switch check(member.value, as: descriptor.kind, unit: descriptor.unit, at: path + Shown.step(member.name)) {
            case .value(let value): values.append(.init(member.name, value))
            case .unset: break
            case .open: open = true
            case .faulty: faulty = true
            }
        }
        for descriptor in descriptors where !members.contains(where: { $0.name == descriptor.name }) {
            if let value = descriptor.defaultValue { values.append(.init(descriptor.name, value)) }
        }
        return faulty ? .faulty : open ? .open : .value(.object(values))
    }

    private func number(_ value: DocumentValue) -> Double? {
        switch value.content {
        case .number(let number, _): number.isFinite ? number : nil
        case .string(let text) where text.isReference: Double(text.text).flatMap { $0.isFinite ? $0 : nil }
        default: nil
        }
    }

    private func resolve(_ text: DocumentText) -> String {
        let path = text.text
        if path == "-" || path.first == "/" || text.beginsOnCommandLine || directory.isEmpty { return path }
        return directory.last == "/" ? directory + path : directory + "/" + path
    }

    private func plain(_ value: DocumentValue) -> Value {
        switch value.content {
        case .null, .unresolved: .null
        case .boolean(let boolean): .boolean(boolean)
        case .number(let number, _): Int(exactly: number).map(Value.integer) ?? .number(number)
        case .string(let text): .string(text.text)
        case .list(let values): .list(values.map(plain))
        case .object(let members): .object(members.map { .init($0.name, plain($0.value)) })
        }
    }

    private mutating func found(
        _ value: DocumentValue, _ kind: ParameterKind, _ unit: Unit, at path: String, hint: String = ""
    ) -> Outcome {
        let found = Wording.found(value, unit: Wording.isNumeric(kind) ? unit : .none)
        return fault(value, at: path, "found \(found), expected \(Wording.expected(kind, unit: unit))\(hint)")
    }

    private mutating func fault(_ value: DocumentValue, at path: String, _ message: String) -> Outcome {
        faults.append(Fault(PipelineError(.invalidParameter, at: path, message), position: value.position))
        return .faulty
    }
}
