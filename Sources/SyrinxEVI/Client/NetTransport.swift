package import SyrinxCore
internal import SyrinxNet
internal import SyrinxRealtime

/// The network as sessions and REST want it: WebSocket and HTTP by SyrinxNet, through the proxy that the environment names.
///
/// One transport serves any number of sessions; ``shared(_:)`` gives one for each way to trust, so that the system's
/// authorities are read once.
///
/// - Thread: any but render.
package final class NetTransport: Transport {
    /// Whom to trust beside the system's authorities.
    package struct Settings: Sendable, Hashable {
        /// A PEM file with further authorities, for private servers.
        package var authoritiesFile: String?
        /// A PEM file with revocation lists. If given, a server's certificate must be covered by one and not be on it.
        package var revocationListsFile: String?
        /// Accepts any certificate from this machine itself.
        package var trustsLoopback = false

        package init(authoritiesFile: String? = nil, revocationListsFile: String? = nil) {
            self.authoritiesFile = authoritiesFile
            self.revocationListsFile = revocationListsFile
        }
    }

    private struct Cached {
        weak var transport: NetTransport?
    }

    private static let cache = Locked<[Settings: Cached]>([:])
    /// Whoever asks brings a limit of its own; these only see to it that nothing is for ever. Closing is the transport's own.
    private static let timeouts = NetTimeouts(
        connect: .seconds(60), proxy: .seconds(60), tls: .seconds(60), upgrade: .seconds(60), response: .seconds(60),
        close: .milliseconds(800))

    let client: NetClient

    /// - Throws: for a file that cannot be read, or a proxy in the environment that is none.
    package init(_ settings: Settings = Settings()) throws(PipelineError) {
        var tls = TLSSettings()
        tls.authoritiesFile = settings.authoritiesFile
        tls.revocationListsFile = settings.revocationListsFile
        tls.trustsLoopback = settings.trustsLoopback
        do throws(NetError) {
            client = try NetClient(
                tls: tls, proxy: try ProxySettings.fromEnvironment(), timeouts: Self.timeouts)
        } catch {
            throw PipelineError(error)
        }
    }

    /// The transport with these settings that others use too, or a new one.
    package static func shared(_ settings: Settings = Settings()) throws(PipelineError) -> NetTransport {
        if let found = cache.withLock({ $0[settings]?.transport }) { return found }
        let made = try NetTransport(settings)
        return cache.withLock { cache in
            if let other = cache[settings]?.transport { return other }
            cache = cache.filter { $0.value.transport != nil }
            cache[settings] = Cached(transport: made)
            return made
        }
    }

    package func open(
        _ request: ConnectRequest, report: @escaping @Sendable (TransportEvent) async -> Void
    ) -> any TransportConnection {
        let connection = NetConnection()
        connection.begin(request, client, report)
        return connection
    }

    package func fetch(_ request: HTTPRequest, limit: Moment) async throws(TransportFailure) -> HTTPResponse {
        let (client, question) = (client, SyrinxNet.HTTPRequest(request))
        let answer = await withTaskGroup(of: Result<SyrinxNet.HTTPResponse, NetError>?.self) { group in
            group.addTask {
                do throws(NetError) { return .success(try await client.send(question)) } catch {
                    return .failure(error)
                }
            }
            group.addTask {
                try? await Task.sleep(for: limit, tolerance: .milliseconds(10))
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
        switch answer {
        case .success(let answer): return HTTPResponse(answer)
        case .failure(let error): throw TransportFailure(error)
        case nil:
            let place = request.base.http.description
            throw TransportFailure(.unreachable, "\(place): no answer within \(limit.inSeconds) s")
        }
    }
}

/// One WebSocket of a ``NetTransport``: a task that makes it, reads it to its end and reports.
///
/// - Thread: any.
private final class NetConnection: TransportConnection {
    private struct State {
        var socket: WebSocket?
        var task: Task<Void, Never>?
        var isAbandoned = false
    }

    private let state = Locked(State())

    func begin(
        _ request: ConnectRequest, _ client: NetClient, _ report: @escaping @Sendable (TransportEvent) async -> Void
    ) {
        let task = Task {
            let last = await self.run(request, client, report)
            self.state.withLock { $0.socket = nil }
            await report(last)
        }
        let isAbandoned = state.withLock { state in
            state.task = task
            return state.isAbandoned
        }
        if isAbandoned { task.cancel() }
    }

    /// - Returns: what is to be reported last.
    private func run(
        _ request: ConnectRequest, _ client: NetClient, _ report: @Sendable (TransportEvent) async -> Void
    ) async -> TransportEvent {
        var headers = HTTPHeaderFields()
        for field in request.headers { headers.add(field.name, field.reveal()) }
        let options = WebSocketOptions(
            messageLimit: request.messageByteLimit, pingInterval: request.pingInterval,
            pongTimeout: request.pingInterval)
        let socket: WebSocket
        do throws(NetError) {
            socket = try await client.webSocket(
                request.base.description + request.revealTarget(), headers: headers, options: options)
        } catch {
            if let refusal = error.refusal, error.code == .refused {
                let delay = refusal.retryAfterSeconds.map { Moment.seconds(min(max($0, 0), 1e6)) }
                return .refused(status: refusal.status, retryAfter: delay)
            }
            return .failed(TransportFailure(error))
        }
        let isWanted = state.withLock { state in
            if !state.isAbandoned { state.socket = socket }
            return !state.isAbandoned
        }
        guard isWanted else {
            socket.abort()
            return .closed(code: 1006, reason: "")
        }
        await report(.opened)
        for await event in socket.events {
            switch event {
            case .message(.text(let text)): await report(.text(Array(text.utf8)))
            case .message(.binary(let bytes)): await report(.binary(byteCount: bytes.count))
            case .writable(let isWritable): await report(.writable(isWritable))
            }
        }
        guard let closure = try? await socket.closed else {
            socket.abort()
            return .closed(code: 1006, reason: "")
        }
        let reason = closure.reason.isEmpty ? closure.error?.description ?? "" : closure.reason
        return .closed(code: Int(closure.code), reason: reason)
    }

    private var socket: WebSocket? { state.withLock { $0.socket } }

    func send(_ frame: OutgoingFrame) {
        switch frame {
        case .text(let bytes): socket?.post(text: bytes)
        case .binary(let bytes): socket?.post(binary: bytes)
        }
    }

    func close(code: Int, reason: String, limit: Moment) {
        guard let socket else { return abandon() }
        socket.beginClosing(code: UInt16(clamping: code), reason: reason, within: limit)
    }

    func abandon() {
        let (task, socket) = state.withLock { state in
            state.isAbandoned = true
            return (state.task, state.socket)
        }
        task?.cancel()
        socket?.abort()
    }

    var roundTrip: Moment? { socket?.roundTrip }
}
