internal import SyrinxCore

/// A descriptor as data.
struct ReferenceJSON {
    let descriptor: NodeDescriptor

    var value: Value {
        .object([
            .init("type", .string(descriptor.type)), .init("summary", .string(descriptor.summary)),
            .init("inputs", .list(descriptor.inputs.map(Self.port))),
            .init("outputs", .list(descriptor.outputs.map(Self.port))),
            .init("refined_by", descriptor.refinedBy.map(Value.string) ?? .null),
            .init("outputs_listed_by", descriptor.listedOutputs.map { .string($0.parameter) } ?? .null),
            .init("parameters", .list(descriptor.parameters.map(Self.parameter))),
            .init(
                "events",
                .list(
                    descriptor.events.map { event in
                        .object([
                            .init("name", .string(event.name)),
                            .init("fields", .list(event.fields.map(Value.string))),
                            .init("summary", .string(event.summary)),
                        ])
                    })),
            .init("details", .string(descriptor.details)), .init("example", .string(descriptor.example)),
        ])
    }

    private static func port(_ port: PortDescriptor) -> Value {
        .object([
            .init("name", .string(port.name)), .init("kind", .string(port.kind.rawValue)),
            .init("unit", .string(port.unit.rawValue)), .init("mixes_down", .boolean(port.mixesDown)),
            .init("summary", .string(port.summary)),
        ])
    }

    private static func parameter(_ parameter: ParameterDescriptor) -> Value {
        .object([
            .init("name", .string(parameter.name)), .init("kind", kind(parameter.kind)),
            .init("unit", .string(parameter.unit.rawValue)), .init("default", parameter.defaultValue ?? .null),
            .init("required", .boolean(parameter.required)), .init("live", .boolean(parameter.live)),
            .init("secret", .boolean(parameter.secret)), .init("summary", .string(parameter.summary)),
        ])
    }

    private static func kind(_ kind: ParameterKind) -> Value {
        func named(_ name: String, _ members: Value.Member...) -> Value {
            .object([.init("name", .string(name))] + members)
        }
        return switch kind {
        case .number(let range):
            named(
                "number", .init("lowest", .number(range.lowerBound)), .init("highest", .number(range.upperBound)))
        case .integer(let range):
            named(
                "integer", .init("lowest", .integer(range.lowerBound)), .init("highest", .integer(range.upperBound)))
        case .boolean: named("boolean")
        case .string: named("string")
        case .path(let use): named("path", .init("use", .string(use == .read ? "read" : "write")))
        case .choice(let words): named("choice", .init("words", .list(words.map(Value.string))))
        case .list(let element, let count):
            named(
                "list", .init("element", Self.kind(element)), .init("least", .integer(count.lowerBound)),
                .init("most", count.upperBound == .max ? .null : .integer(count.upperBound)))
        case .object(let members): named("object", .init("members", .list(members.map(parameter))))
        case .map(let element): named("map", .init("element", Self.kind(element)))
        case .any: named("any")
        }
    }
}
