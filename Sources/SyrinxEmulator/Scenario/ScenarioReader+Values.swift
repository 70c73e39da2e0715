internal import SyrinxCore

/// An object of the file with its path.
struct Entry {
    let path: String
    let position: SourcePosition?
    let members: [DocumentMember]

    subscript(name: String) -> DocumentValue? { members.last { $0.name == name }?.value }
}

extension ScenarioReader {
    mutating func fault(at position: SourcePosition?, _ path: String, _ message: String) {
        faults.append(Fault(PipelineError(.invalidParameter, at: path, message), position: position))
    }

    /// A fault of a member, or of the object that lacks it.
    mutating func fault(_ entry: Entry, _ name: String, _ message: String) {
        let position = entry.members.last { $0.name == name }?.value.position ?? entry.position
        fault(at: position, entry.path == "scenario" ? name : entry.path + Shown.step(name), message)
    }

    /// An object whose keys are all known; keys that begin with `x-` are free.
    mutating func object(_ value: DocumentValue, _ path: String, keys: [String]) -> Entry? {
        guard case .object(let members) = value.content else {
            fault(at: value.position, path, "found \(value.shown), expected an object")
            return nil
        }
        for member in members where !keys.contains(member.name) && !member.name.hasPrefix("x-") {
            let hint = NearestName.suggestion(member.name, among: keys)
            let step = Shown.step(member.name)
            let place = path == "scenario" ? String(step.drop { $0 == "." }) : path + step
            fault(at: member.namePosition ?? member.value.position, place, "no such member here\(hint)")
        }
        return Entry(path: path, position: value.position, members: members)
    }

    mutating func list(_ entry: Entry, _ name: String) -> [DocumentValue] {
        guard let value = entry[name] else { return [] }
        guard case .list(let values) = value.content else {
            fault(entry, name, "found \(value.shown), expected a list")
            return []
        }
        return values
    }

    mutating func text(_ entry: Entry, _ name: String) -> String? {
        guard let value = entry[name] else { return nil }
        guard case .string(let text) = value.content else {
            fault(entry, name, "found \(value.shown), expected a string")
            return nil
        }
        return text.text
    }

    mutating func boolean(_ entry: Entry, _ name: String) -> Bool? {
        guard let value = entry[name] else { return nil }
        guard case .boolean(let boolean) = value.content else {
            fault(entry, name, "found \(value.shown), expected true or false")
            return nil
        }
        return boolean
    }

    mutating func number(_ entry: Entry, _ name: String, in range: ClosedRange<Double>) -> Double? {
        guard let value = entry[name] else { return nil }
        guard case .number(let number, _) = value.content, range.contains(number) else {
            let (low, high) = (Value.number(range.lowerBound).json(), Value.number(range.upperBound).json())
            fault(entry, name, "found \(value.shown), expected a number, \(low)…\(high)")
            return nil
        }
        return number
    }

    mutating func integer(_ entry: Entry, _ name: String, in range: ClosedRange<Int>) -> Int? {
        guard let value = entry[name] else { return nil }
        guard case .number(let number, _) = value.content, let integer = Int(exactly: number), range.contains(integer)
        else {
            let expected =
                range.lowerBound == range.upperBound
                ? "\(range.lowerBound)" : "an integer, \(range.lowerBound)…\(range.upperBound)"
            fault(entry, name, "found \(value.shown), expected \(expected)")
            return nil
        }
        return integer
    }

    /// One of the words of an enumeration.
    mutating func choice<Choice: RawRepresentable & CaseIterable>(_ entry: Entry, _ name: String) -> Choice?
    where Choice.RawValue == String {
        guard let value = entry[name] else { return nil }
        let words = Choice.allCases.map(\.rawValue)
        guard case .string(let text) = value.content, let choice = Choice(rawValue: text.text) else {
            var hint = ""
            if case .string(let text) = value.content { hint = NearestName.suggestion(text.text, among: words) }
            fault(entry, name, "found \(value.shown), expected one of \(words.joined(separator: ", "))\(hint)")
            return nil
        }
        return choice
    }

    /// A member that must be there.
    mutating func required<Result>(
        _ entry: Entry, _ name: String, _ read: (inout Self, Entry, String) -> Result?
    ) -> Result? {
        if entry[name] == nil { fault(entry, name, "found nothing, expected this member") }
        return read(&self, entry, name)
    }
}
