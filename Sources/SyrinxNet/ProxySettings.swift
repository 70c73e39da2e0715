internal import Glibc

/// Which HTTP proxy to ask for which host, with the words and rules of curl: `https_proxy`, `all_proxy`, `no_proxy`.
///
/// The proxy is asked by CONNECT, so TLS goes through it unread. This machine is never reached through a proxy.
public struct ProxySettings: Sendable {
    /// The proxy's own address, and `user:password` where it has one. Internal: credentials are nobody's business.
    struct Proxy: Sendable {
        let host: String
        let port: Int
        let credentials: String?

        /// For messages: never the credentials.
        var place: String { "http://\(host.contains(":") ? "[\(host)]" : host):\(port)" }
    }

    let proxy: Proxy?
    private let exceptions: [Substring]

    /// Connects directly to every host.
    public static let none = ProxySettings(proxy: nil, exceptions: [])

    private init(proxy: Proxy?, exceptions: [Substring]) {
        self.proxy = proxy
        self.exceptions = exceptions
    }

    /// Reads `https_proxy` or `HTTPS_PROXY`, else `all_proxy` or `ALL_PROXY`; and `no_proxy` or `NO_PROXY`.
    ///
    /// - Throws: `.invalidArgument` for a proxy that is no `http://[user:password@]host[:port]`; the port is 1080 if left
    ///   out, as with curl.
    public init(environment: [String: String]) throws(NetError) {
        func value(_ names: String...) -> (String, String)? {
            for name in names { if let value = environment[name], !value.isEmpty { return (name, value) } }
            return nil
        }
        let exceptions = (environment["no_proxy"] ?? environment["NO_PROXY"] ?? "")
            .split { $0 == "," || $0 == " " }.map { Substring($0.lowercased()) }
        guard let (name, text) = value("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY") else {
            self.init(proxy: nil, exceptions: [])
            return
        }
        self.init(proxy: try Self.parse(text, named: name), exceptions: exceptions)
    }

    /// What the process's environment says.
    ///
    /// - Throws: as ``init(environment:)``.
    public static func fromEnvironment() throws(NetError) -> ProxySettings {
        var found: [String: String] = [:]
        for name in ["https_proxy", "all_proxy", "no_proxy"].flatMap({ [$0, $0.uppercased()] }) {
            if let value = getenv(name) { found[name] = String(cString: value) }
        }
        return try ProxySettings(environment: found)
    }

    /// The proxy for a host. Nil: connect directly.
    func proxy(for host: String) -> Proxy? {
        WebAddress.isLoopback(host) || isException(host) ? nil : proxy
    }

    /// A star stands for all; a name for itself and what ends in it after a dot; an address for itself; a network in
    /// numbers (`10.0.0.0/8`) for what lies in it.
    private func isException(_ host: String) -> Bool {
        let address = IPAddress(host)
        let name = host.hasSuffix(".") ? String(host.dropLast()) : host
        return exceptions.contains { entry in
            if entry == "*" { return true }
            if let address {
                let parts = entry.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
                let bare = String(parts[0]).trimmingBrackets
                guard let network = IPAddress(bare) else { return false }
                let all = network.bytes.count * 8
                guard let bits = parts.count == 1 ? all : Int(parts[1]) else { return false }
                return address.lies(in: network, bits: bits)
            }
            var domain = entry.hasPrefix(".") ? entry.dropFirst() : entry
            if domain.hasSuffix(".") { domain = domain.dropLast() }
            return !domain.isEmpty && (name == domain || name.hasSuffix("." + domain))
        }
    }

    private static func parse(_ text: String, named name: String) throws(NetError) -> Proxy {
        var rest = Substring(text)
        if let mark = text.firstRange(of: "://") {
            guard text[..<mark.lowerBound].lowercased() == "http" else {
                throw NetError(.invalidArgument, "\(name) is no http:// proxy; others (https, socks) are not supported")
            }
            rest = text[mark.upperBound...]
        }
        rest = rest.prefix { $0 != "/" }
        var credentials: String?
        if let mark = rest.lastIndex(of: "@") {
            credentials = PercentEncoding.decode(String(rest[..<mark]))
            rest = rest[rest.index(after: mark)...]
        }
        do {
            let parts = try HostAndPort(rest)
            return Proxy(host: parts.host, port: parts.port ?? 1080, credentials: credentials)
        } catch {
            throw NetError(.invalidArgument, "\(name) is no http://[USER:PASSWORD@]HOST[:PORT]", cause: error.message)
        }
    }
}

extension ProxySettings: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The proxy without its credentials.
    public var description: String { proxy?.place ?? "no proxy" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["proxy": description]) }
}

extension String {
    fileprivate var trimmingBrackets: String {
        hasPrefix("[") && hasSuffix("]") ? String(dropFirst().dropLast()) : self
    }
}
