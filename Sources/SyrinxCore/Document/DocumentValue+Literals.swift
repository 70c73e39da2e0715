/// Values of a document put together in code are written as Swift literals: `-3`, `"take.wav"`, `[1, 2]`.
extension DocumentValue: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByNilLiteral
{
    public init(integerLiteral value: Int) { self.init(value) }
    public init(floatLiteral value: Double) { self.init(value) }
    public init(booleanLiteral value: Bool) { self.init(.boolean(value)) }
    public init(stringLiteral value: String) { self.init(value) }
    public init(arrayLiteral elements: DocumentValue...) { self.init(.list(elements)) }
    public init(nilLiteral: ()) { self.init(.null) }

    /// An object: `.object(["low_hz": 200])`.
    public static func object(_ members: KeyValuePairs<String, DocumentValue>) -> Self {
        Self(.object(members.map { DocumentMember($0.key, $0.value) }))
    }

    public init(_ value: Int) { self.init(.number(Double(value), text: String(value))) }
    public init(_ value: Double) { self.init(.number(value, text: "\(value)")) }
    public init(_ value: String) { self.init(.string(DocumentText(value))) }
}

extension DocumentNode {
    /// A node in code: `DocumentNode("trim", "gain", ["gain_db": -3])`.
    public init(_ id: String, _ type: String, _ parameters: KeyValuePairs<String, DocumentValue> = [:]) {
        self.init(id: id, type: type, parameters: parameters.map { DocumentMember($0.key, $0.value) })
    }
}

extension DocumentLink: ExpressibleByStringLiteral {
    /// A chain in code: `"mic -> trim -> out"`.
    public init(stringLiteral text: String) { self.init(text) }
}
