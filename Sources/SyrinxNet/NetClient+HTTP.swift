internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOHTTP1

extension NetClient {
    /// Asks and waits for the whole answer, whatever its status.
    ///
    /// Redirects of GET and HEAD are followed up to five times, to other servers without the request's headers, never from
    /// TLS to plain. A connection that turns out dead on re-use is replaced where asking twice is harmless.
    ///
    /// - Throws: `.tooLarge` for a body over ``HTTPRequest/bodyLimit``.
    public func send(_ request: HTTPRequest) async throws(NetError) -> HTTPResponse {
        do {
            return try await perform(request, sink: nil)
        } catch {
            throw NetError.from(error, at: "")
        }
    }

    /// Asks and hands the body on piece by piece; the server waits while the sink works.
    ///
    /// - Returns: the answer without its body. Of an answer that is no success the sink sees nothing, and the body is
    ///   returned.
    /// - Throws: ``NetError``, or what the sink throws.
    public func download(
        _ request: HTTPRequest, to sink: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async throws -> HTTPResponse {
        try await perform(request, sink: sink)
    }

    private typealias Sink = @Sendable ([UInt8]) async throws -> Void

    private func perform(_ request: HTTPRequest, sink: Sink?) async throws -> HTTPResponse {
        var address = try WebAddress(request.address)
        guard !address.scheme.isWebSocket else {
            throw NetError(.invalidArgument, at: address.place, "a request's address begins with https:// or http://")
        }
        guard !request.method.isEmpty, request.method.utf8.allSatisfy({ $0 >= 0x41 && $0 <= 0x5A }) else {
            throw NetError(.invalidArgument, at: address.place, "a request's method is a word in upper case")
        }
        try request.headers.check(at: address.place)
        var request = request
        for _ in 0...5 {
            let answer = try await ask(request, at: address, sink: sink)
            guard [301, 302, 303, 307, 308].contains(answer.status), ["GET", "HEAD"].contains(request.method),
                let next = answer.headers["Location"].flatMap(address.following),
                next.scheme.isTLS || !address.scheme.isTLS, !next.scheme.isWebSocket
            else { return answer }
            if !next.sharesOrigin(with: address) { request.headers = [:] }
            address = next
        }
        throw NetError(.malformed, at: address.place, "the server redirects more than five times")
    }

    private func ask(_ request: HTTPRequest, at address: WebAddress, sink: Sink?) async throws -> HTTPResponse {
        // Asking twice does no harm with these (RFC 9110, section 9.2.2); others get a connection of their own.
        let isIdempotent = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"].contains(request.method)
        if isIdempotent, let old = pool.take(address) {
            var hasAnswered = false
            do {
                return try await exchange(request, address, on: old, sink: sink, &hasAnswered)
            } catch let error as NetError where error.code == .lost && !hasAnswered {
                // The server had closed it just then.
            }
        }
        let channel = try await dialer.dial(address)
        let connection: HTTPConnection
        do {
            connection = try await HTTPConnection(channel, at: address.place)
        } catch {
            channel.close(promise: nil)
            throw error
        }
        var hasAnswered = false
        return try await exchange(request, address, on: connection, sink: sink, &hasAnswered)
    }

    private func exchange(
        _ request: HTTPRequest, _ address: WebAddress, on connection: HTTPConnection, sink: Sink?,
        _ hasAnswered: inout Bool
    ) async throws -> HTTPResponse {
        do {
            var headers = request.headers
            headers["Host"] = address.hostHeader
            if !request.body.isEmpty || ["POST", "PUT", "PATCH"].contains(request.method) {
                headers["Content-Length"] = String(request.body.count)
            }
            var answer: HTTPResponse
            do {
                let late = connection.limit(timeouts.response, "the answer")
                defer { late.cancel() }
                try await connection.send(request.method, address.target, headers: headers, body: request.body)
                answer = try await connection.head()
                hasAnswered = true
            }
            let sink = answer.isSuccess ? sink : nil
            while let piece = try await next(connection) {
                if let sink {
                    try await sink(Array(piece.readableBytesView))
                } else {
                    guard answer.body.count + piece.readableBytes <= request.bodyLimit else {
                        throw NetError(
                            .tooLarge, at: address.place, "the answer is over the limit of \(request.bodyLimit) bytes")
                    }
                    answer.body += piece.readableBytesView
                }
            }
            if answer.headers.lists("close", in: "Connection") || answer.status == 101 {
                connection.close()
            } else {
                pool.give(connection, address)
            }
            return answer
        } catch {
            connection.close()
            throw error
        }
    }

    private func next(_ connection: HTTPConnection) async throws(NetError) -> ByteBuffer? {
        let late = connection.limit(timeouts.response, "the next piece of the answer")
        defer { late.cancel() }
        return try await connection.piece()
    }
}

/// Idle connections that wait for the next request, a few for each server, for half a minute.
final class ConnectionPool: Sendable {
    private struct Key: Hashable {
        let isTLS: Bool
        let authority: String

        init(_ address: WebAddress) {
            isTLS = address.scheme.isTLS
            authority = address.authority
        }
    }

    private struct Idle {
        let connection: HTTPConnection
        let timer: Scheduled<Void>
    }

    private static let mostPerServer = 4
    private let idle = NIOLockedValueBox<[Key: [Idle]]>([:])

    /// The connection that was used last, if one is still open.
    func take(_ address: WebAddress) -> HTTPConnection? {
        while let found = idle.withLockedValue({ $0[Key(address)]?.popLast() }) {
            found.timer.cancel()
            if found.connection.isReusable { return found.connection }
            found.connection.close()
        }
        return nil
    }

    func give(_ connection: HTTPConnection, _ address: WebAddress) {
        guard connection.isReusable else { return connection.close() }
        let timer = connection.channel.eventLoop.scheduleTask(in: .seconds(30)) { connection.close() }
        let surplus = idle.withLockedValue { idle -> Idle? in
            var list = idle[Key(address), default: []].filter { $0.connection.channel.isActive }
            list.append(Idle(connection: connection, timer: timer))
            let surplus = list.count > Self.mostPerServer ? list.removeFirst() : nil
            idle[Key(address)] = list
            return surplus
        }
        surplus?.timer.cancel()
        surplus?.connection.close()
    }

    func close() {
        let all = idle.withLockedValue { idle in
            defer { idle = [:] }
            return idle.values.flatMap { $0 }
        }
        for entry in all {
            entry.timer.cancel()
            entry.connection.close()
        }
    }
}
