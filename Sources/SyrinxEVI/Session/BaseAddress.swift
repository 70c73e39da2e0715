package import SyrinxCore

/// Where EVI lives: scheme, host and port, from which all other addresses follow.
///
/// - Source: protocol 1.1.
package struct BaseAddress: Sendable, Hashable, CustomStringConvertible {
    package let isSecure: Bool
    /// Without brackets.
    package let host: String
    package let port: Int
    /// What stands before `/v0/evi`; empty, or with a leading slash.
    package let prefix: String
    private var scheme: String { (isHTTP ? "http" : "ws") + (isSecure ? "s" : "") }
    private var isHTTP = false

    /// The public server.
    package static let hume = BaseAddress(isSecure: true, host: "api.hume.ai", port: 443, prefix: "")

    private init(isSecure: Bool, host: String, port: Int, prefix: String) {
        self.isSecure = isSecure
        self.host = host
        self.port = port
        self.prefix = prefix
    }

    /// Reads `wss://host:port/prefix`; `https` is the same, a bare host name means TLS, and plain `ws` or `http` is for
    /// loopback only.
    package init(_ text: String) throws(PipelineError) {
        var rest = text[...]
        var isSecure = true
        if let end = text.firstRange(of: "://") {
            switch text[..<end.lowerBound].lowercased() {
            case "wss", "https": break
            case "ws", "http": isSecure = false
            default: throw Self.fault(text, "expected wss:// or https://")
            }
            rest = text[end.upperBound...]
        }
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard !authority.contains("@") else {
            throw PipelineError(.invalidParameter, at: "base_url", "found a user name or password, expected none")
        }
        var prefix = String(rest[authority.endIndex...])
        guard !prefix.contains("?"), !prefix.contains("#") else { throw Self.fault(text, "expected no query") }
        while prefix.hasSuffix("/") { prefix.removeLast() }
        guard prefix.utf8.allSatisfy({ (0x21..<0x7F).contains($0) }) else {
            throw Self.fault(text, "expected a path of plain characters")
        }
        guard let (host, port) = Self.split(authority) else { throw Self.fault(text, "expected a host name") }
        guard isSecure || Self.isLoopback(host) else {
            throw Self.fault(text, "expected wss://, since plain ws:// is for loopback only")
        }
        self.init(isSecure: isSecure, host: host, port: port ?? (isSecure ? 443 : 80), prefix: prefix)
    }

    /// The same place for HTTP requests.
    package var http: BaseAddress {
        var address = self
        address.isHTTP = true
        return address
    }

    package var description: String {
        let isUsual = port == (isSecure ? 443 : 80)
        return "\(scheme)://\(authorityHost)\(isUsual ? "" : ":\(port)")"
    }

    /// As the header `Host` wants it.
    package var authority: String {
        port == (isSecure ? 443 : 80) ? authorityHost : "\(authorityHost):\(port)"
    }

    private var authorityHost: String { host.contains(":") ? "[\(host)]" : host }

    private static func split(_ authority: Substring) -> (host: String, port: Int?)? {
        var host = authority
        var port: Int?
        if authority.first == "[" {
            guard let close = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<close]
            let tail = authority[authority.index(after: close)...]
            guard host.contains(":"), host.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }) else { return nil }
            if !tail.isEmpty {
                guard tail.first == ":", let number = Int(tail.dropFirst()) else { return nil }
                port = number
            }
        } else {
            if let colon = authority.lastIndex(of: ":") {
                guard let number = Int(authority[authority.index(after: colon)...]) else { return nil }
                host = authority[..<colon]
                port = number
            }
            let isName = host.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."): true
                default: false
                }
            }
            guard isName, !host.isEmpty, host.utf8.count <= 253 else { return nil }
        }
        guard port.map({ (1...65_535).contains($0) }) ?? true else { return nil }
        return (host.lowercased(), port)
    }

    /// Whether the host is this machine by name or number.
    package static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        return numbers.count == 4 && !numbers.contains(nil) && numbers[0] == 127
    }

    private static func fault(_ text: String, _ expected: String) -> PipelineError {
        PipelineError(.invalidParameter, at: "base_url", "found \(Shown.quoted(text)), \(expected)")
    }
}
