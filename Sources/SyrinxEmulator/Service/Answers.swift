internal import SyrinxCore
internal import SyrinxEVI
internal import SyrinxNet

extension SyrinxNet.HTTPResponse {
    static func json(_ value: Value, status: Int = 200) -> Self {
        Self(status, headers: ["Content-Type": "application/json"], body: Array(value.json().utf8))
    }

    /// A refusal in the shape of 400, 401 and 404.
    static func fault(_ status: Int, _ words: String) -> Self {
        json(
            .object([
                .init("code", .string("E0\(status)")), .init("error", .string(phrase(status))),
                .init("message", .string(words)),
            ]), status: status)
    }

    /// A refusal in the shape of 422.
    static func invalid(_ place: [String], _ words: String) -> Self {
        let detail = Value.object([
            .init("loc", .list(place.map(Value.string))), .init("msg", .string(words)),
            .init("type", .string("value_error")),
        ])
        return json(.object([.init("detail", .list([detail]))]), status: 422)
    }

    private static func phrase(_ status: Int) -> String {
        switch status {
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 409: "Conflict"
        case 413: "Content Too Large"
        default: "Error"
        }
    }
}

/// Which part of a list is asked for.
struct Paging {
    let number: Int
    let size: Int
    let isAscending: Bool

    /// - Throws: the answer that refuses.
    init(_ request: NetServer.Request, ascending: Bool = false) throws(Refused) {
        number = try Self.integer(request, "page_number", 0, 0...1_000_000)
        size = try Self.integer(request, "page_size", 10, 1...100)
        switch request.query("ascending_order") {
        case nil: isAscending = ascending
        case "true": isAscending = true
        case "false": isAscending = false
        default: throw Refused(.invalid(["query", "ascending_order"], "expected true or false"))
        }
    }

    private static func integer(
        _ request: NetServer.Request, _ name: String, _ usual: Int, _ range: ClosedRange<Int>
    ) throws(Refused) -> Int {
        guard let text = request.query(name) else { return usual }
        guard let number = Int(text), range.contains(number) else {
            throw Refused(
                .invalid(["query", name], "expected an integer from \(range.lowerBound) to \(range.upperBound)"))
        }
        return number
    }

    /// The page of a list, oldest first, with its members as REST names them.
    func page(_ all: [Value], _ name: String, tellsDirection: Bool) -> [Value.Member] {
        let ordered = isAscending || !tellsDirection ? all : all.reversed()
        let start = min(ordered.count, number * size)
        var members: [Value.Member] = [
            .init("page_number", .integer(number)), .init("page_size", .integer(size)),
            .init("total_pages", .integer((all.count + size - 1) / size)),
        ]
        if tellsDirection { members.append(.init("pagination_direction", .string(isAscending ? "ASC" : "DESC"))) }
        members.append(.init(name, .list(Array(ordered[start..<min(ordered.count, start + size)]))))
        return members
    }
}

/// A request that gets another answer than it asked for.
struct Refused: Error {
    let response: SyrinxNet.HTTPResponse

    init(_ response: SyrinxNet.HTTPResponse) { self.response = response }
}

extension NetServer.Request {
    private static let bodyLimit = 1 << 20

    func query(_ name: String) -> String? { query.last { $0.name == name }?.value }

    /// The body as a JSON object.
    func object() throws(Refused) -> WireObject {
        guard body.count <= Self.bodyLimit else { throw Refused(.fault(413, "a body is at most 1 MiB long")) }
        do throws(WireFault) {
            return try WireObject(try WireJSON.read(body).value, path: "body")
        } catch {
            throw Refused(
                error.kind == .syntax ? .fault(400, error.description) : .invalid(["body"], error.description))
        }
    }
}

extension [Value.Member] {
    /// Adds a member unless there is nothing to say.
    mutating func add(_ name: String, _ value: Value?) {
        if let value, value != .null { append(.init(name, value)) }
    }
}
