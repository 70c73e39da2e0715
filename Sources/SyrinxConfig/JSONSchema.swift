package import SyrinxCore

/// Makes the JSON Schema of pipeline files from the descriptors of what is installed.
///
/// It says what a schema can say: keys, types, ranges, words, counts. It does not see what needs more than one place of
/// a file (links, loops) or the values of references. It refuses nothing that the reader and the checker accept.
///
/// - Source: JSON Schema draft 2020-12.
package enum JSONSchema {
    /// - Parameter nodes: in the order in which they shall stand.
    /// - Parameter engine: the members of `engine`.
    package static func make(nodes: [NodeDescriptor], engine: [ParameterDescriptor] = EngineParameters.descriptors)
        -> Value
    {
        object([
            ("$schema", .string("https://json-schema.org/draft/2020-12/schema")),
            ("title", .string("Syrinx pipeline")),
            ("type", .string("object")),
            ("required", .list([.string("syrinx"), .string("nodes")])),
            ("properties", object(topLevel)),
            ("patternProperties", free),
            ("additionalProperties", .boolean(false)),
            ("$defs", object(definitions(nodes, engine: engine))),
        ])
    }

    // MARK: The file

    private static var topLevel: [(String, Value)] {
        [
            ("syrinx", described("The version of the file format.", [("const", .integer(1))])),
            ("name", described("A short name for reports.", [("type", .string("string"))])),
            ("description", described("What the pipeline is for.", [("type", .string("string"))])),
            ("$schema", described("Where an editor finds this schema.", [("type", .string("string"))])),
            (
                "vars",
                described(
                    "Values for ${name}; --var NAME=VALUE takes their place.",
                    [
                        ("type", .string("object")),
                        ("propertyNames", object([("pattern", .string("^[A-Za-z_][A-Za-z0-9_-]*$"))])),
                        (
                            "additionalProperties",
                            object([("type", .list(["string", "number", "boolean"].map(Value.string)))])
                        ),
                    ])
            ),
            ("engine", reference("engine")),
            (
                "nodes",
                described(
                    "The nodes by id.",
                    [
                        ("type", .string("object")),
                        ("minProperties", .integer(1)),
                        ("maxProperties", .integer(DocumentReader.nodeLimit)),
                        ("propertyNames", object([("pattern", .string("^[a-z][a-z0-9_-]*$"))])),
                        ("additionalProperties", reference("node")),
                    ])
            ),
            (
                "links",
                described(
                    "What is joined to what, as in \"mic -> trim -> tape:in[1]\".",
                    [
                        ("type", .string("array")), ("items", reference("link")),
                    ])
            ),
        ]
    }

    private static func definitions(_ nodes: [NodeDescriptor], engine: [ParameterDescriptor]) -> [(String, Value)] {
        let types = nodes.map { Value.string($0.type) }
        let branches = nodes.map { node in
            object([
                ("if", object([("properties", object([("type", object([("const", .string(node.type))]))]))])),
                ("then", reference("node.\(node.type)")),
            ])
        }
        let node = object([
            ("type", .string("object")),
            ("required", .list([.string("type")])),
            ("properties", object([("type", described("The node's type.", [("enum", .list(types))]))])),
            // Without a type, `if` would hold for every branch.
            ("if", object([("required", .list([.string("type")]))])),
            ("then", branches.isEmpty ? .boolean(true) : object([("allOf", .list(branches))])),
        ])
        let engineSchema = described(
            "How the pipeline is run.",
            members(engine) + [("patternProperties", free), ("additionalProperties", .boolean(false))])
        return [
            ("reference", object([("type", .string("string")), ("pattern", .string(#"^\$\{[^}]+\}$"#))])),
            ("text", object([("type", .string("string")), ("pattern", .string(#"\$"#))])),
            ("link", link), ("engine", engineSchema), ("node", node),
        ] + nodes.map { ("node.\($0.type)", schema(of: $0)) }
    }

    private static var link: Value {
        let end = object([("type", .string("string")), ("pattern", .string("^[^>]*$"))])
        func orReference(_ type: String) -> Value {
            object([("anyOf", .list([object([("type", .string(type))]), reference("reference")]))])
        }
        let members = object([
            ("from", end), ("to", end), ("scale", orReference("number")), ("offset", orReference("number")),
            ("compensate", orReference("boolean")),
        ])
        return object([
            ("type", .list([.string("string"), .string("object")])),
            ("required", .list([.string("from"), .string("to")])),
            ("properties", members), ("patternProperties", free), ("additionalProperties", .boolean(false)),
        ])
    }

    // MARK: Nodes and parameters

    private static func schema(of node: NodeDescriptor) -> Value {
        var parameters = node.parameters
        if node.isProcessor {
            parameters.append(.boolean("bypass", default: false, "True: what comes in goes out as it is."))
        }
        var parts = members(parameters, also: [("type", .boolean(true))])
        // Where a node's own descriptor knows more, the type's cannot refuse.
        parts += [("patternProperties", free), ("additionalProperties", .boolean(node.refinedBy != nil))]
        return described(node.summary, parts)
    }

    /// `type`, `required` and `properties` of an object with the given members.
    private static func members(
        _ parameters: [ParameterDescriptor], also others: [(String, Value)] = []
    ) -> [(String, Value)] {
        let required = parameters.filter(\.required).map { Value.string($0.name) }
        let properties = others + parameters.map { ($0.name, schema(of: $0)) }
        return [("type", .string("object"))] + (required.isEmpty ? [] : [("required", .list(required))])
            + [("properties", object(properties))]
    }

    private static func schema(of parameter: ParameterDescriptor) -> Value {
        var parts = schema(of: parameter.kind)
        if let value = parameter.defaultValue { parts.append(("default", value)) }
        if parameter.secret { parts.append(("writeOnly", .boolean(true))) }
        let unit = parameter.unit == .none ? "" : " In \(parameter.unit.rawValue)."
        return described(parameter.summary + unit, parts)
    }

    /// The kind itself, or a reference that will be read as it.
    private static func schema(of kind: ParameterKind) -> [(String, Value)] {
        func orReference(_ parts: [(String, Value)], _ name: String = "reference") -> [(String, Value)] {
            [("anyOf", .list([object(parts), reference(name)]))]
        }
        switch kind {
        case .number(let range):
            return orReference([("type", .string("number"))] + bounds(range))
        case .integer(let range):
            return orReference([("type", .string("integer"))] + bounds(range))
        case .boolean: return orReference([("type", .string("boolean"))])
        case .string, .path: return [("type", .string("string"))]
        case .choice(let words):
            // A word may hold a reference in its midst, as in "s${bits}".
            return orReference([("enum", .list(words.map(Value.string)))], "text")
        case .list(let element, let count):
            var parts: [(String, Value)] = [("type", .string("array")), ("items", object(schema(of: element)))]
            if count.lowerBound > 0 { parts.append(("minItems", .integer(count.lowerBound))) }
            if count.upperBound < Int32.max { parts.append(("maxItems", .integer(count.upperBound))) }
            return orReference(parts)
        case .object(let parameters):
            return orReference(members(parameters) + [("additionalProperties", .boolean(false))])
        case .map(let element):
            return orReference([("type", .string("object")), ("additionalProperties", object(schema(of: element)))])
        case .any: return []
        }
    }

    private static func bounds(_ range: ClosedRange<Double>) -> [(String, Value)] {
        func isStated(_ bound: Double) -> Bool { bound.isFinite && bound.magnitude < .greatestFiniteMagnitude }
        return (isStated(range.lowerBound) ? [("minimum", .number(range.lowerBound))] : [])
            + (isStated(range.upperBound) ? [("maximum", .number(range.upperBound))] : [])
    }

    private static func bounds(_ range: ClosedRange<Int>) -> [(String, Value)] {
        // JSON's numbers are exact to 2^53; a bound beyond says "any".
        func isStated(_ bound: Int) -> Bool { bound.magnitude <= 1 << 53 }
        return (isStated(range.lowerBound) ? [("minimum", .integer(range.lowerBound))] : [])
            + (isStated(range.upperBound) ? [("maximum", .integer(range.upperBound))] : [])
    }

    // MARK: Parts

    /// Keys that begin with `x-` are free.
    private static let free = object([("^x-", .boolean(true))])

    private static func reference(_ name: String) -> Value { object([("$ref", .string("#/$defs/\(name)"))]) }

    private static func described(_ words: String, _ parts: [(String, Value)]) -> Value {
        object([("description", .string(words))] + parts)
    }

    private static func object(_ members: [(String, Value)]) -> Value {
        .object(members.map { Value.Member($0.0, $0.1) })
    }
}
