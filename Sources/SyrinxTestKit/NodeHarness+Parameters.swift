public import SyrinxCore

extension NodeHarness {
    /// The parameters as the checker hands them to a node: defaults filled in, names and simple ranges checked.
    ///
    /// - Throws: `.invalidParameter` for an unknown name, a value out of range or of the wrong kind, a missing value.
    public static func parameters(
        _ values: [String: Value], of descriptor: NodeDescriptor
    ) throws(PipelineError) -> Parameters {
        var complete: [String: Value] = [:]
        for parameter in descriptor.parameters {
            if let value = values[parameter.name] ?? parameter.defaultValue {
                guard fits(value, parameter.kind) else {
                    throw PipelineError(
                        .invalidParameter, at: "test.\(parameter.name)",
                        "found \(value.json()), expected \(parameter.kind)")
                }
                complete[parameter.name] = value
            } else if parameter.required {
                throw PipelineError(.invalidParameter, at: "test.\(parameter.name)", "required, but not set")
            }
        }
        if let unknown = values.keys.first(where: { name in !descriptor.parameters.contains { $0.name == name } }) {
            throw PipelineError(.invalidParameter, at: "test.\(unknown)", "no such parameter of \"\(descriptor.type)\"")
        }
        return Parameters(path: "nodes.test", values: complete)
    }

    private static func fits(_ value: Value, _ kind: ParameterKind) -> Bool {
        switch (kind, value) {
        case (.number(let range), _): return value.double.map(range.contains) ?? false
        case (.integer(let range), .integer(let integer)): return range.contains(integer)
        case (.boolean, .boolean), (.string, .string), (.path, .string), (.any, _): return true
        case (.choice(let words), .string(let word)): return words.contains(word)
        case (.list(let kind, let count), .list(let values)):
            return count.contains(values.count) && values.allSatisfy { fits($0, kind) }
        case (.object(let parameters), .object(let members)):
            return members.allSatisfy { member in
                parameters.contains { $0.name == member.name && fits(member.value, $0.kind) }
            }
        case (.map(let kind), .object(let members)): return members.allSatisfy { fits($0.value, kind) }
        default: return false
        }
    }
}
