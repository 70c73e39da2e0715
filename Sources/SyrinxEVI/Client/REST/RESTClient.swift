package import SyrinxCore
internal import SyrinxRealtime

/// Hume's REST interface over the network: at most a hundred requests a second, tried again as ``RESTRetry`` says, lists
/// walked to their end.
///
/// One client for a program; its tasks share its pace. What to ask is made by ``requests``. No error holds the key.
///
/// - Thread: any but render.
package final class RESTClient: Sendable {
    package let requests: RESTRequests
    let transport: NetTransport
    let clock: any RESTClock
    /// The server is this machine, without TLS.
    let isPlain: Bool
    private let secrets: [Secret]
    private let mask: SecretMask
    private let pace: Locked<RequestPace>
    private let limit: Moment

    /// - Parameters:
    ///   - secrets: what must stand in no error, beside the key.
    ///   - pageSize: items a page, 1…100.
    ///   - perSecond: requests that may go in a second.
    ///   - limit: how long one request may take.
    package init(
        base: BaseAddress, key: Secret, hiding secrets: [Secret] = [], transport: NetTransport, pageSize: Int = 100,
        perSecond: Int = 100, limit: Moment = .seconds(60), clock: any RESTClock = SystemRESTClock()
    ) {
        requests = RESTRequests(base: base, key: key, pageSize: pageSize)
        self.transport = transport
        self.limit = limit
        self.clock = clock
        isPlain = !base.isSecure
        self.secrets = secrets + [key]
        var mask = SecretMask()
        for secret in self.secrets { mask.insert(secret.reveal()) }
        self.mask = mask
        pace = Locked(RequestPace(perSecond: perSecond))
    }

    /// Makes a request, again and again where that makes sense.
    ///
    /// - Returns: an answer with a status of success.
    /// - Throws: `.refused` for credentials, `.missingInput` for what is not there, `.invalidParameter` for what the server
    ///   does not take, else `.unavailable`.
    package func send(_ request: HTTPRequest) async throws(PipelineError) -> HTTPResponse {
        var retry = RESTRetry(request, hiding: secrets)
        var random = SystemRandomNumberGenerator()
        while true {
            try await waitForTurn()
            let outcome: RESTRetry.Outcome
            do throws(TransportFailure) {
                let response = try await transport.fetch(request, limit: limit)
                outcome = retry.take(response, epochSeconds: clock.epochSeconds, using: &random)
            } catch {
                outcome = retry.take(error, wasSent: error.wasSent, using: &random)
            }
            if Task.isCancelled { throw Self.cancelled }
            switch outcome {
            case .done(let response): return response
            case .again(let delay): try await pass(delay)
            case .failed(let error): throw error
            }
        }
    }

    /// Makes a request that is answered in JSON.
    package func value(_ request: HTTPRequest) async throws(PipelineError) -> Value {
        let response = try await send(request)
        return try read(request) { () throws(WireFault) in try WireJSON.read(response.body).value }
    }

    /// Walks all pages of a list, each handed on as it comes; every item comes once.
    ///
    /// - Parameters:
    ///   - list: the member of a reply that holds the items: `chats_page`.
    ///   - page: the request for a page, by its number from 0.
    ///   - take: gets what is new on a page. False ends the walk.
    package func walk(
        _ list: String, _ page: (Int) -> HTTPRequest, _ take: ([Value]) async throws(PipelineError) -> Bool
    ) async throws(PipelineError) {
        var walk = PageWalk(list: list)
        while let number = walk.nextPage {
            let request = page(number)
            let response = try await send(request)
            let fresh = try read(request) { () throws(WireFault) in try walk.take(response.body) }
            if !fresh.isEmpty, try await !take(fresh) { return }
        }
    }

    /// All items of a list.
    package func all(_ list: String, _ page: (Int) -> HTTPRequest) async throws(PipelineError) -> [Value] {
        var items: [Value] = []
        try await walk(list, page) { (fresh) throws(PipelineError) in
            items += fresh
            return true
        }
        return items
    }

    // MARK: Parts

    /// Waits until the next request may go.
    func waitForTurn() async throws(PipelineError) {
        let now = clock.now
        let turn = pace.withLock { $0.reserve(at: now) }
        if turn > now { try await pass(turn - now) }
    }

    func pass(_ span: Moment) async throws(PipelineError) {
        do { try await clock.pass(span) } catch { throw Self.cancelled }
    }

    static let cancelled = PipelineError(PipelineError.Code("cancelled", exitCode: 130), "cancelled")

    /// What the body reads of a reply; a fault of it becomes an error that names the request.
    package func read<Result>(
        _ request: HTTPRequest, _ body: () throws(WireFault) -> Result
    ) throws(PipelineError) -> Result {
        do throws(WireFault) { return try body() } catch {
            let place = "\(request.method.rawValue) \(request.path)"
            throw PipelineError(.unavailable, at: place, "the answer cannot be read", cause: mask.mask("\(error)"))
        }
    }
}
