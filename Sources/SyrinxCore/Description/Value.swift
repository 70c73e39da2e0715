/// A value of a parameter, a field of an event, a figure of a report: JSON's shapes, with integers kept apart.
public enum Value: Sendable, Hashable {
    case null
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case list([Value])
    /// In the order in which the members were written.
    case object([Member])

    public struct Member: Sendable, Hashable {
        public let name: String
        public let value: Value

        public init(_ name: String, _ value: Value) {
            self.name = name
            self.value = value
        }
    }

    /// The member of an object, or nil.
    public subscript(name: String) -> Value? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// The value as a number, if it is one or an integer.
    public var double: Double? {
        switch self {
        case .number(let number): number
        case .integer(let integer): Double(integer)
        default: nil
        }
    }

    public var string: String? {
        guard case .string(let string) = self else { return nil }
        return string
    }

    public var list: [Value]? {
        guard case .list(let list) = self else { return nil }
        return list
    }
}
