internal import SyrinxCore

/// Single values: their types, and the references in them.
extension DocumentReader {
    /// `nodes.trim` and `gain_db` make `nodes.trim.gain_db`.
    static func path(_ parent: String, _ name: String) -> String {
        let step = Shown.step(name)
        return parent.isEmpty && step.hasPrefix(".") ? String(step.dropFirst()) : parent + step
    }

    static func objectMembers(_ value: DocumentValue) -> [DocumentMember] {
        if case .object(let members) = value.content { members } else { [] }
    }

    /// Reports a value that is not what it should be; what the reader of syntax lost is reported already.
    mutating func expected(_ words: String, _ value: DocumentValue, path: String) {
        if case .unresolved = value.content { return }
        if references.faults.isFull { return }
        references.faults.report(at: path, value.position, "found \(value.shown), expected \(words)")
    }

    /// The members of an object, or a fault.
    mutating func members(of value: DocumentValue, path: String) -> [DocumentMember]? {
        if case .object(let members) = value.content { return members }
        expected(
            path.isEmpty ? #"a pipeline: { "syrinx": 1, "nodes": { … }, "links": [ … ] }"# : "an object", value,
            path: path)
        return nil
    }

    /// A string with its references replaced, or a fault; nil without a fault if it cannot be known in this run.
    mutating func text(_ value: DocumentValue, path: String) -> DocumentText? {
        guard case .string(let text) = value.content else {
            expected("a string", value, path: path)
            return nil
        }
        guard case .string(let replaced) = references.replace(text.text, at: value.position, path: path) else {
            return nil
        }
        return replaced
    }

    /// A number, or a reference that holds one; nil where it is unset or a fault.
    mutating func number(_ value: DocumentValue, path: String) -> Double? {
        scalar(value, path: path, "a number") { content in
            switch content {
            case .number(let number, _): return number
            case .string(let text) where text.isReference && JSONReader.isNumber(Array(text.text.utf8)[...]):
                return Double(text.text).flatMap { $0.isFinite ? $0 : nil }
            default: return nil
            }
        }
    }

    /// A boolean, or a reference that holds one; nil where it is unset or a fault.
    mutating func boolean(_ value: DocumentValue, path: String) -> Bool? {
        scalar(value, path: path, "true or false") { content in
            switch content {
            case .boolean(let boolean): return boolean
            case .string(let text) where text.isReference: return Bool(text.text)
            default: return nil
            }
        }
    }

    private mutating func scalar<T>(
        _ value: DocumentValue, path: String, _ kind: String, _ read: (DocumentValue.Content) -> T?
    ) -> T? {
        let value = replaced(value, path: path)
        if let result = read(value.content) { return result }
        if case .string(let text) = value.content, text.isReference, text.text.isEmpty { return nil }
        expected(kind, value, path: path)
        return nil
    }

    /// A member with every reference in its value replaced.
    mutating func replaced(_ member: DocumentMember, path: String) -> DocumentMember {
        var member = member
        member.value = replaced(member.value, path: Self.path(path, member.name))
        return member
    }

    /// A value with every reference in it replaced; the depth is bounded by the reader of syntax.
    private mutating func replaced(_ value: DocumentValue, path: @autoclosure () -> String) -> DocumentValue {
        var value = value
        switch value.content {
        case .string(let text): value.content = references.replace(text.text, at: value.position, path: path())
        case .list(let elements):
            var result: [DocumentValue] = []
            result.reserveCapacity(elements.count)
            for (index, element) in elements.enumerated() {
                result.append(replaced(element, path: "\(path())[\(index)]"))
            }
            value.content = .list(result)
        case .object(let members):
            var result: [DocumentMember] = []
            result.reserveCapacity(members.count)
            for member in members {
                var member = member
                member.value = replaced(member.value, path: Self.path(path(), member.name))
                result.append(member)
            }
            value.content = .object(result)
        default: break
        }
        return value
    }
}
