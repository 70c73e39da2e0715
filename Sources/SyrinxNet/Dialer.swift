internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// Makes connections: name, address, proxy, TLS, each stage with its own limit.
///
/// IPv6 and IPv4 are raced by NIO's connector (RFC 8305). What a cancelled task or a limit leaves behind is closed.
struct Dialer: Sendable {
    let loops: any EventLoopGroup
    let tls: TLSContext
    let trustsLoopback: Bool
    let proxy: ProxySettings
    let timeouts: NetTimeouts
    /// Nil: the system's.
    var resolver: (any Resolver & Sendable)?

    /// TCP_NOTSENT_LOWAT of tcp(7). Without it the system takes megabytes that the peer does not read, and a sender of live
    /// audio learns of a stall when tens of seconds lie there.
    private static let unsentLimit = NIOBSDSocket.Option(rawValue: 25)
    private static let unsentBytes: SocketOptionValue = 32 << 10

    /// A channel over which the server of the address can be spoken to, with TLS done if the address wants it.
    func dial(_ address: WebAddress) async throws(NetError) -> any Channel {
        let place = address.place
        let proxy = address.scheme.isTLS ? proxy.proxy(for: address.host) : nil
        let channel = try await connect(
            to: proxy?.host ?? address.host, port: proxy?.port ?? address.port, at: proxy?.place ?? place)
        do throws(NetError) {
            if let proxy { try await tunnel(channel, proxy, to: address) }
            let isHere = proxy == nil && isLoopback(channel)
            guard address.scheme.isTLS else {
                guard isHere else {
                    throw NetError(
                        .invalidArgument, at: place, "the name stands for another machine, which needs TLS")
                }
                return channel
            }
            // Without verification the peer must be this machine, by its name and by its address.
            let verifies = !(trustsLoopback && isHere && address.isLoopback)
            try await startTLS(channel, host: address.host, verifies: verifies, at: place)
            return channel
        } catch {
            channel.close(promise: nil)
            throw error
        }
    }

    private func isLoopback(_ channel: any Channel) -> Bool {
        channel.remoteAddress?.ipAddress.flatMap(IPAddress.init)?.isLoopback ?? false
    }

    private func connect(to host: String, port: Int, at place: String) async throws(NetError) -> any Channel {
        let loop = loops.next()
        let shot = OneShot<any Channel>()
        // A little more than ours, so that it is our words that a user reads.
        let bootstrap = ClientBootstrap(group: loop).resolver(resolver)
            .connectTimeout(TimeAmount(timeouts.connect) + .seconds(1))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelOption(.tcpOption(Self.unsentLimit), value: Self.unsentBytes)
        let limit = timeouts.connect
        let late = loop.scheduleTask(in: TimeAmount(limit)) {
            _ = shot.resolve(.failure(.late("connecting", limit, at: place)))
        }
        bootstrap.connect(host: host, port: port).whenComplete { result in
            late.cancel()
            let isFirst = shot.resolve(result.mapError { .from($0, at: place) })
            if !isFirst, case .success(let channel) = result { channel.close(promise: nil) }
        }
        do {
            return try await shot.value()
        } catch {
            // Cancelled while it stood already, or will stand in a moment: either way it is closed.
            if !shot.resolve(.failure(error)), case .success(let channel) = shot.outcome { channel.close(promise: nil) }
            throw error.placed(at: place)
        }
    }

    private func startTLS(
        _ channel: any Channel, host: String, verifies: Bool, at place: String
    ) async throws(NetError) {
        let ready = OneShot<Void>()
        let limit = timeouts.tls
        let late = channel.eventLoop.scheduleTask(in: TimeAmount(limit)) {
            _ = ready.resolve(.failure(.late("the TLS handshake", limit, at: place)))
            channel.close(promise: nil)
        }
        defer { late.cancel() }
        let tls = tls
        channel.eventLoop.execute {
            do {
                let stream = try tls.connect(to: host, verifies: verifies)
                try channel.pipeline.syncOperations.addHandler(TLSHandler(stream, place: place, ready: ready))
                guard channel.isActive else {
                    throw NetError(.lost, at: place, "the connection was closed before the TLS handshake")
                }
            } catch {
                ready.resolve(.failure(.from(error, at: place)))
            }
        }
        try await ready.value()
    }

    /// Asks the proxy for a way to the server (RFC 9110, section 9.3.6).
    private func tunnel(
        _ channel: any Channel, _ proxy: ProxySettings.Proxy, to address: WebAddress
    ) async throws(NetError) {
        let connection = try await HTTPConnection(channel, at: proxy.place)
        var headers: HTTPHeaderFields = ["Host": address.authority]
        if let credentials = proxy.credentials {
            headers["Proxy-Authorization"] = "Basic " + OpenSSL.base64(credentials.utf8)
        }
        let late = connection.limit(timeouts.proxy, "the proxy's answer")
        defer { late.cancel() }
        try await connection.send("CONNECT", address.authority, headers: headers, body: [])
        let answer = try await connection.head()
        guard (200..<300).contains(answer.status) else {
            let advice = answer.status == 407 ? "; give its user and password in https_proxy" : ""
            throw NetError(
                .proxy, at: proxy.place, "the proxy refused with HTTP \(answer.status)\(advice)",
                refusal: .init(status: answer.status, body: "", retryAfterSeconds: answer.retryAfterSeconds))
        }
        try await connection.remove()
    }
}
