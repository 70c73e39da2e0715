internal import Glibc
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
    private let pace: Locked<RequestPace>
    private let limit: Moment
    private let origin = ContinuousClock.now

    /// - Parameters:
    ///   - pageSize: items a page, 1…100.
    ///   - perSecond: requests that may go in a second.
    ///   - limit: how long one request may take.
    package init(
        base: BaseAddress, key: Secret, transport: NetTransport, pageSize: Int = 100, perSecond: Int = 100,
        limit: Moment = .seconds(60)
    ) {
        requests = RESTRequests(base: base, key: key, pageSize: pageSize)
        self.transport = transport
        self.limit = limit
        pace = Locked(RequestPace(perSecond: perSecond))
    }

    /// Makes a request, again and again where that makes sense.
    ///
    /// - Returns: an answer with a status of success.
    package func send(_ request: HTTPRequest) async throws(PipelineError) -> HTTPResponse {
        var retry = RESTRetry(request)
        var random = SystemRandomNumberGenerator()
        while true {
            try await waitForTurn()
            let outcome: RESTRetry.Outcome
            do throws(TransportFailure) {
                let response = try await transport.fetch(request, limit: limit)
                outcome = retry.take(response, epochSeconds: Self.epochSeconds, using: &random)
            } catch {
                outcome = retry.take(error, wasSent: error.wasSent, using: &random)
            }
            if Task.isCancelled { throw Self.cancelled }
            switch outcome {
            case .done(let response): return response
            case .again(let delay): try await Self.sleep(for: delay)
            case .failed(let error): throw error
            }
        }
    }

    /// Makes a request that is answered in JSON.
    package func value(_ request: HTTPRequest) async throws(PipelineError) -> Value {
        let response = try await send(request)
        return try Self.read(request) { () throws(WireFault) in try WireJSON.read(response.body).value }
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
            let fresh = try Self.read(request) { () throws(WireFault) in try walk.take(response.body) }
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

    /// Asks for the audio of a chat until it is made.
    ///
    /// - Parameters:
    ///   - interval: from one question to the next.
    ///   - patience: how long to go on asking.
    package func chatAudio(
        _ id: String, every interval: Moment = .seconds(3), patience: Moment = .seconds(600)
    ) async throws(PipelineError) -> AudioReconstruction {
        let request = requests.chatAudio(id)
        let place = "GET \(request.path)"
        let end = ContinuousClock.now + patience
        while true {
            let value = try await value(request)
            let audio = try Self.read(request) { () throws(WireFault) in try AudioReconstruction(reading: value) }
            switch audio.progress {
            case .ready: return audio
            case .failed(let status):
                throw PipelineError(.unavailable, at: place, "the audio cannot be had: found \(Shown.quoted(status))")
            case .working:
                guard ContinuousClock.now < end else {
                    let words = "the audio was not made within \(patience.inSeconds) s; ask again later"
                    throw PipelineError(.unavailable, at: place, words)
                }
                try await Self.sleep(for: interval)
            }
        }
    }

    // MARK: Parts

    private func waitForTurn() async throws(PipelineError) {
        let now = ContinuousClock.now - origin
        let turn = pace.withLock { $0.reserve(at: now) }
        if turn > now { try await Self.sleep(for: turn - now) }
    }

    static func sleep(for span: Moment) async throws(PipelineError) {
        do { try await Task.sleep(for: span) } catch { throw cancelled }
    }

    static let cancelled = PipelineError(PipelineError.Code("cancelled", exitCode: 130), "cancelled")

    private static func read<Result>(
        _ request: HTTPRequest, _ body: () throws(WireFault) -> Result
    ) throws(PipelineError) -> Result {
        do throws(WireFault) { return try body() } catch {
            let place = "\(request.method.rawValue) \(request.path)"
            throw PipelineError(.unavailable, at: place, "the answer cannot be read", cause: "\(error)")
        }
    }

    private static var epochSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
