package import SyrinxCore

/// Reads members of a JSON object that came over the wire.
///
/// What must be there and is not throws. What should be there, but can be done without, leaves a note. An optional
/// member of the wrong type counts as absent.
package struct WireObject {
    /// As in `user_message.time`.
    package let path: String
    private let members: [Value.Member]
    /// What was amiss and did not matter.
    package private(set) var notes: [WireFault] = []

    package init(_ value: Value, path: String) throws(WireFault) {
        guard case .object(let members) = value else {
            throw WireFault(.shape, at: path, "found \(Self.kind(of: value)), expected an object")
        }
        self.path = path
        self.members = members
    }

    /// The last member of that name that is not null.
    package subscript(name: String) -> Value? {
        guard let value = members.last(where: { $0.name == name })?.value, value != .null else { return nil }
        return value
    }

    /// Whether the member is there, be it null.
    package func has(_ name: String) -> Bool { members.contains { $0.name == name } }

    package var names: [String] { members.map(\.name) }

    package func string(_ name: String) -> String? { self[name]?.string }

    package func requiredString(_ name: String) throws(WireFault) -> String {
        guard let text = string(name) else { throw fault(name, expected: "a string") }
        return text
    }

    package func requiredInteger(_ name: String) throws(WireFault) -> Int {
        guard let integer = integer(name) else { throw fault(name, expected: "an integer") }
        return integer
    }

    package func integer(_ name: String) -> Int? {
        switch self[name] {
        case .integer(let integer): integer
        case .number(let number): Int(exactly: number)
        default: nil
        }
    }

    package func boolean(_ name: String) -> Bool? {
        if case .boolean(let boolean) = self[name] { boolean } else { nil }
    }

    /// A member that has a sensible value where it is missing; a note tells.
    package mutating func boolean(_ name: String, otherwise: Bool) -> Bool {
        if let boolean = boolean(name) { return boolean }
        notes.append(fault(name, expected: "true or false"))
        return otherwise
    }

    /// The object in a member, or nil.
    package func object(_ name: String) -> WireObject? {
        guard let value = self[name] else { return nil }
        return try? WireObject(value, path: "\(path).\(name)")
    }

    package func requiredObject(_ name: String) throws(WireFault) -> WireObject {
        guard let object = object(name) else { throw fault(name, expected: "an object") }
        return object
    }

    package mutating func note(_ name: String, expected: String) { notes.append(fault(name, expected: expected)) }

    package func fault(_ name: String, expected: String) -> WireFault {
        let found = members.last { $0.name == name }.map { Self.kind(of: $0.value) } ?? "nothing"
        return WireFault(.shape, at: "\(path).\(name)", "found \(found), expected \(expected)")
    }

    private static func kind(of value: Value) -> String {
        switch value {
        case .null: "null"
        case .boolean: "a boolean"
        case .integer, .number: "a number"
        case .string: "a string"
        case .list: "a list"
        case .object: "an object"
        }
    }
}

/// Writes members of a JSON object: what is nil is left out, so that no null reaches the wire by accident.
struct MemberList {
    private(set) var members: [Value.Member] = []

    init(type: String? = nil) { add("type", type) }

    mutating func add(_ name: String, _ value: Value?) {
        if let value { members.append(.init(name, value)) }
    }
    mutating func add(_ name: String, _ text: String?) { add(name, text.map(Value.string)) }
    mutating func add(_ name: String, _ integer: Int?) { add(name, integer.map(Value.integer)) }
    mutating func add(_ name: String, _ boolean: Bool?) { add(name, boolean.map(Value.boolean)) }

    var value: Value { .object(members) }
}
