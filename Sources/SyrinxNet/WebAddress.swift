/// Where to connect and what to ask for: `wss://api.hume.ai/v0/evi/chat?config_id=…`.
///
/// Plain schemes (`ws`, `http`) are accepted for this machine only.
struct WebAddress: Sendable, Hashable {
    enum Scheme: String, Sendable {
        case ws, wss, http, https

        var isTLS: Bool { self == .wss || self == .https }
        var isWebSocket: Bool { self == .ws || self == .wss }
    }

    let scheme: Scheme
    /// Lower case; an IPv6 address stands without its brackets.
    let host: String
    let port: Int
    /// Path and query as they go into the request, at least `/`.
    let target: String

    /// - Throws: `.invalidArgument` that says what is wrong and never repeats path, query or credentials.
    init(_ text: String) throws(NetError) {
        guard let mark = text.firstRange(of: "://") else {
            throw Self.fault("needs a scheme: wss://HOST/PATH or https://HOST/PATH")
        }
        guard let scheme = Scheme(rawValue: text[..<mark.lowerBound].lowercased()) else {
            throw Self.fault("has a scheme that is not known; known are wss, https, and for this machine ws, http")
        }
        let rest = text[mark.upperBound...]
        let end = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
        let authority = rest[..<end]
        guard !authority.contains("@") else {
            throw Self.fault("holds a user or password before the host; credentials belong in headers")
        }
        let parts = try HostAndPort(authority)
        var target = String(rest[end...].prefix { $0 != "#" })
        if !target.hasPrefix("/") { target = "/" + target }
        guard target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Self.fault("holds characters in its path or query that must be percent-encoded")
        }
        self.scheme = scheme
        self.host = parts.host
        self.port = parts.port ?? (scheme.isTLS ? 443 : 80)
        self.target = target
        guard scheme.isTLS || isLoopback else {
            throw NetError(
                .invalidArgument, at: place,
                "without TLS only this machine may be reached (127.0.0.1, ::1, localhost); use \(scheme)s://")
        }
    }

    /// Scheme, host and port, for messages.
    var place: String { "\(scheme.rawValue)://\(hostInBrackets):\(port)" }

    /// The value of a `Host` header: the port only where it is not the scheme's own.
    var hostHeader: String {
        port == (scheme.isTLS ? 443 : 80) ? hostInBrackets : "\(hostInBrackets):\(port)"
    }

    /// `host:port` as CONNECT wants it.
    var authority: String { "\(hostInBrackets):\(port)" }

    private var hostInBrackets: String { host.contains(":") ? "[\(host)]" : host }

    /// Whether the host is this machine by its very name.
    var isLoopback: Bool { Self.isLoopback(host) }

    static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" { return true }
        guard let address = IPAddress(host) else { return false }
        return address.isLoopback
    }

    /// Whether a connection to the one may serve the other.
    func sharesOrigin(with other: WebAddress) -> Bool {
        scheme.isTLS == other.scheme.isTLS && host == other.host && port == other.port
    }

    /// Where a `Location` points, seen from here. Nil for what is no address of HTTP.
    func following(_ location: String) -> WebAddress? {
        if location.firstRange(of: "://") != nil { return try? WebAddress(location) }
        let origin = "\(scheme.rawValue)://\(authority)"
        if location.hasPrefix("//") { return try? WebAddress("\(scheme.rawValue):\(location)") }
        if location.hasPrefix("/") { return try? WebAddress(origin + location) }
        let path = target.prefix { $0 != "?" }
        if location.hasPrefix("?") { return try? WebAddress(origin + path + location) }
        let folder = path[...(path.lastIndex(of: "/") ?? path.startIndex)]
        return try? WebAddress(origin + folder + location)
    }

    private static func fault(_ words: String) -> NetError { NetError(.invalidArgument, "the address \(words)") }
}

/// `host`, `host:port`, `[::1]:port`.
struct HostAndPort: Sendable, Hashable {
    let host: String
    let port: Int?

    init(_ text: some StringProtocol) throws(NetError) {
        let host: Substring
        let tail: Substring
        let text = Substring(text)
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else {
                throw NetError(.invalidArgument, "the address has a [ without a ]")
            }
            host = text[text.index(after: text.startIndex)..<end]
            tail = text[text.index(after: end)...]
            guard IPAddress(String(host)) != nil, host.contains(":") else {
                throw NetError(.invalidArgument, "the address has no IPv6 address between its brackets")
            }
        } else {
            let end = text.firstIndex(of: ":") ?? text.endIndex
            host = text[..<end]
            tail = text[end...]
        }
        guard !host.isEmpty, host.utf8.count <= 253 else {
            throw NetError(.invalidArgument, "the address has no host name, or one of more than 253 characters")
        }
        let isName = host.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: ":"):
                true
            default: false
            }
        }
        guard isName else {
            throw NetError(
                .invalidArgument,
                "the address has a host with characters other than a–z, 0–9, . - _ (write xn--… names)")
        }
        if tail.isEmpty {
            port = nil
        } else {
            guard tail.hasPrefix(":"), tail.dropFirst().allSatisfy(\.isNumber),
                let number = UInt16(tail.dropFirst()), number > 0
            else {
                throw NetError(.invalidArgument, "the address has a port that is no number from 1 to 65535")
            }
            port = Int(number)
        }
        self.host = host.lowercased()
    }
}
