/// The headers of a request or answer: an ordered list; names are alike whatever their case.
public struct HTTPHeaderFields: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    struct Field: Sendable, Hashable {
        var name: String
        var value: String
    }

    var fields: [Field] = []

    public init() {}

    public init(dictionaryLiteral elements: (String, String)...) {
        fields = elements.map { Field(name: $0.0, value: $0.1) }
    }

    init(_ pairs: some Sequence<(name: String, value: String)>) {
        fields = pairs.map { Field(name: $0.name, value: $0.value) }
    }

    /// The first value of a name. Setting replaces all of them.
    public subscript(name: String) -> String? {
        get {
            let name = name.lowercased()
            return fields.first { $0.name.lowercased() == name }?.value
        }
        set {
            let lower = name.lowercased()
            fields.removeAll { $0.name.lowercased() == lower }
            if let newValue { fields.append(Field(name: name, value: newValue)) }
        }
    }

    /// Adds a value beside those that are there.
    public mutating func add(_ name: String, _ value: String) { fields.append(Field(name: name, value: value)) }

    /// Every name with its value, in order.
    public var pairs: [(name: String, value: String)] { fields.map { ($0.name, $0.value) } }

    /// Whether a header that holds a list has this word in it, whatever its case.
    func lists(_ word: String, in name: String) -> Bool {
        let name = name.lowercased()
        return fields.lazy.filter { $0.name.lowercased() == name }
            .flatMap { $0.value.split(separator: ",") }
            .contains { $0.lowercased().filter { $0 != " " && $0 != "\t" } == word }
    }

    /// - Throws: `.invalidArgument` that names the header, never its value.
    func check(at place: String) throws(NetError) {
        for field in fields {
            let isToken =
                !field.name.isEmpty
                && field.name.utf8.allSatisfy { byte in
                    byte > 0x20 && byte < 0x7F && !#"()<>@,;:\"/[]?={}"#.utf8.contains(byte)
                }
            guard isToken else { throw NetError(.invalidArgument, at: place, "a header has a name that is no word") }
            guard field.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
                throw NetError(
                    .invalidArgument, at: place,
                    "the value of the header \(field.name) holds a line break or another control character")
            }
        }
    }
}

extension HTTPHeaderFields: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The names. Values may be credentials.
    public var description: String { "[\(fields.map(\.name).joined(separator: ", "))]" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["names": description]) }
}

/// One question to a server.
public struct HTTPRequest: Sendable {
    /// Upper case, as in `GET`.
    public var method: String
    /// `https://…`, or `http://…` on this machine.
    public var address: String
    /// `Host`, `Content-Length` and `Connection` are filled in.
    public var headers: HTTPHeaderFields
    public var body: [UInt8]
    /// The most bytes of an answer's body to hold in memory.
    public var bodyLimit: Int

    public init(
        _ method: String = "GET", _ address: String, headers: HTTPHeaderFields = [:], body: [UInt8] = [],
        bodyLimit: Int = 16 << 20
    ) {
        self.method = method
        self.address = address
        self.headers = headers
        self.body = body
        self.bodyLimit = bodyLimit
    }
}

extension HTTPRequest: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Method and server. The rest may hold secrets.
    public var description: String { "\(method) \((try? WebAddress(address))?.place ?? "?")" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["request": description]) }
}

/// A server's answer, whatever its status.
public struct HTTPResponse: Sendable {
    public var status: Int
    public var headers: HTTPHeaderFields
    public var body: [UInt8]

    public init(_ status: Int = 200, headers: HTTPHeaderFields = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    public var isSuccess: Bool { (200..<300).contains(status) }

    /// How long the server wants to be left alone, in seconds, from `Retry-After` in either of its forms.
    public var retryAfterSeconds: Double? { headers["Retry-After"].flatMap { HTTPDate.secondsUntil($0) } }
}
