package import SyrinxCore
package import SyrinxNet

/// Makes requests of Hume's REST interface: at most a hundred a second, again where ``RESTRetry`` says so.
///
/// What to ask is made by ``requests``. One client serves a process; make one, use it from anywhere.
///
/// - Thread: any but render.
/// - Source: protocol 6.
package actor RESTClient {
    /// What can be asked.
    package nonisolated let requests: RESTRequests
    /// Without TLS, which is for this machine only.
    nonisolated let isPlain: Bool
    nonisolated let mask: SecretMask
    nonisolated let client: NetClient
    nonisolated let clock: any RESTClock
    private let secrets: [Secret]
    private var pace = RequestPace()
    private var random = SystemRandomNumberGenerator()

    /// - Parameters:
    ///   - secrets: what must not be shown, beside the key.
    ///   - client: nil makes one that goes through the proxy that the environment names.
    /// - Throws: for a proxy in the environment that is none.
    package init(
        base: BaseAddress, key: Secret, hiding secrets: [Secret] = [], client: NetClient? = nil,
        clock: any RESTClock = SystemRESTClock(), pageSize: Int = 100
    ) throws(PipelineError) {
        requests = RESTRequests(base: base, key: key, pageSize: pageSize)
        isPlain = !base.isSecure
        self.secrets = secrets + [key]
        var mask = SecretMask()
        for secret in self.secrets { mask.insert(secret.reveal()) }
        self.mask = mask
        self.clock = clock
        do throws(NetError) {
            if let client {
                self.client = client
            } else {
                self.client = try NetClient(proxy: try ProxySettings.fromEnvironment())
            }
        } catch {
            throw PipelineError(.usage, at: error.place, error.message, cause: error.cause)
        }
    }

    /// Makes a request, and again while that makes sense.
    ///
    /// - Throws: `.refused` for credentials, `.missingInput` for what is not there, `.invalidParameter` for what the server
    ///   does not take, else `.unavailable`.
    package func send(_ request: HTTPRequest) async throws(PipelineError) -> HTTPResponse {
        var retry = RESTRetry(request, hiding: secrets)
        while true {
            try await takeTurn()
            let outcome: RESTRetry.Outcome
            do throws(NetError) {
                let answer = try await client.send(RESTWire.question(request))
                outcome = retry.take(
                    RESTWire.answer(answer), epochSeconds: clock.epochSeconds, using: &random)
            } catch {
                guard let failure = RESTWire.failure(error) else {
                    throw RESTWire.fault(error, at: "\(request.method.rawValue) \(request.path)")
                }
                outcome = retry.take(failure, wasSent: RESTWire.wasSent(error), using: &random)
            }
            switch outcome {
            case .done(let response): return response
            case .failed(let error): throw error
            case .again(let wait): try await pass(wait)
            }
        }
    }

    /// Makes a request whose reply is JSON.
    package func value(_ request: HTTPRequest) async throws(PipelineError) -> Value {
        let response = try await send(request)
        return try read(request) { () throws(WireFault) in try WireJSON.read(response.body).value }
    }

    /// Waits until the next request may go.
    func takeTurn() async throws(PipelineError) {
        let now = clock.now
        let start = pace.reserve(at: now)
        if start > now { try await pass(start - now) }
    }

    func pass(_ span: Moment) async throws(PipelineError) {
        do { try await clock.pass(span) } catch { throw RESTWire.cancelled }
    }

    /// What a body reads of a reply; a fault of it becomes an error that names the request.
    package nonisolated func read<T>(
        _ request: HTTPRequest, _ body: () throws(WireFault) -> T
    ) throws(PipelineError) -> T {
        do { return try body() } catch {
            throw PipelineError(
                .unavailable, at: "\(request.method.rawValue) \(request.path)",
                "the server's reply is not what its documentation says", cause: mask.mask(error.description))
        }
    }
}

/// How SyrinxNet's words and ours go together.
enum RESTWire {
    static let cancelled = PipelineError(.init("cancelled", exitCode: 130), "cancelled")

    static func question(_ request: HTTPRequest) -> SyrinxNet.HTTPRequest {
        var headers = HTTPHeaderFields()
        for field in request.headers { headers.add(field.name, field.reveal()) }
        return SyrinxNet.HTTPRequest(
            request.method.rawValue, request.base.description + request.revealTarget(), headers: headers,
            body: request.body ?? [])
    }

    /// A date in `Retry-After` becomes seconds from now.
    static func answer(_ answer: SyrinxNet.HTTPResponse) -> HTTPResponse {
        var headers = answer.headers
        if let seconds = answer.retryAfterSeconds { headers["Retry-After"] = String(seconds) }
        return HTTPResponse(status: answer.status, headers: headers.pairs, body: answer.body)
    }

    /// A failure that may be gone the next time, or one of trust; nil for what is neither.
    static func failure(_ error: NetError) -> TransportFailure? {
        switch error.code {
        case .unavailable, .timedOut, .lost, .closed: TransportFailure(.unreachable, error.description)
        case .untrusted: TransportFailure(.untrusted, error.description)
        default: nil
        }
    }

    /// Where it is not known whether a request arrived, it may have.
    static func wasSent(_ error: NetError) -> Bool { error.code != .unavailable && error.code != .untrusted }

    static func fault(_ error: NetError, at place: String) -> PipelineError {
        switch error.code {
        case .cancelled: cancelled
        case .invalidArgument: PipelineError(.usage, at: error.place, error.message, cause: error.cause)
        default: PipelineError(.unavailable, at: place, "no answer from the server", cause: error.description)
        }
    }
}
