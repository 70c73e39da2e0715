package import SyrinxCore

/// What to do with the outcome of a request: take it, try again later, or give up.
///
/// 408, 409, 429 and 5xx are tried again, twice, after 1 s doubling to 60 s, or when the server says. What creates
/// something is tried again only when it cannot have arrived, or was turned away with 429.
///
/// - Thread: any; a value, one for each request.
/// - Source: protocol 6, "Errors".
package struct RESTRetry: Sendable {
    package enum Outcome: Sendable, Hashable {
        case done(HTTPResponse)
        case again(after: Moment)
        case failed(PipelineError)
    }

    package static let retries = 2
    private let creates: Bool
    private let place: String
    private let mask: SecretMask
    private var tries = 0

    package init(_ request: HTTPRequest, hiding secrets: [Secret] = []) {
        creates = request.method == .post
        place = "\(request.method.rawValue) \(request.path)"
        var mask = SecretMask()
        for secret in secrets { mask.insert(secret.reveal()) }
        for field in request.headers + request.query where field.isSecret { mask.insert(field.reveal()) }
        self.mask = mask
    }

    /// Takes a response.
    ///
    /// - Parameter epochSeconds: seconds since 1970, for `X-RateLimit-Reset`.
    package mutating func take(
        _ response: HTTPResponse, epochSeconds: Double? = nil, using random: inout some RandomNumberGenerator
    ) -> Outcome {
        switch response.status {
        case 200..<300: return .done(response)
        case 429: break
        case 408, 409, 500...599: if creates { return .failed(error(response)) }
        default: return .failed(error(response))
        }
        guard let wait = nextWait(using: &random) else { return .failed(error(response)) }
        return .again(after: RetryAfter.delay(in: response, epochSeconds: epochSeconds) ?? wait)
    }

    /// Takes word that there is no response.
    ///
    /// - Parameter wasSent: the request may have arrived.
    package mutating func take(
        _ failure: TransportFailure, wasSent: Bool, using random: inout some RandomNumberGenerator
    ) -> Outcome {
        let words = mask.mask(failure.message)
        guard failure.kind == .unreachable, !(creates && wasSent), let wait = nextWait(using: &random) else {
            return .failed(PipelineError(.unavailable, at: place, "no answer from the server", cause: words))
        }
        return .again(after: wait)
    }

    private mutating func nextWait(using random: inout some RandomNumberGenerator) -> Moment? {
        guard tries < Self.retries else { return nil }
        tries += 1
        var backOff = BackOff()
        (backOff.first, backOff.greatest) = (.seconds(1), .seconds(60))
        return backOff.delay(after: tries, using: &random)
    }

    private func error(_ response: HTTPResponse) -> PipelineError {
        let words = Self.words(in: response.body).map { mask.mask(Shown.plain($0, limit: 300)) }
        switch response.status {
        case 401, 403:
            let advice = "the server does not accept the API key"
            return PipelineError(.refused, at: place, "refused with HTTP \(response.status); \(advice)", cause: words)
        case 404: return PipelineError(.missingInput, at: place, "found nothing there (HTTP 404)", cause: words)
        case 400, 422:
            let status = "refused what was sent (HTTP \(response.status))"
            return PipelineError(.invalidParameter, at: place, status, cause: words)
        default:
            return PipelineError(.unavailable, at: place, "found HTTP \(response.status), expected 2xx", cause: words)
        }
    }

    /// The server's own words: `message` or `error` of 400, the list `detail` of 422.
    private static func words(in body: [UInt8]) -> String? {
        guard let value = try? WireJSON.read(body, byteLimit: 1 << 20).value else { return nil }
        if let text = value["message"]?.string ?? value["error"]?.string ?? value["detail"]?.string { return text }
        guard let details = value["detail"]?.list else { return nil }
        let lines = details.prefix(8).map { detail -> String in
            let place = (detail["loc"]?.list ?? []).map { $0.string ?? $0.json() }.joined(separator: ".")
            return "\(place): \(detail["msg"]?.string ?? "")"
        }
        return lines.isEmpty ? nil : lines.joined(separator: "; ")
    }
}

/// Lets a hundred requests a second go, evenly.
///
/// - Thread: any; a value.
package struct RequestPace: Sendable {
    private let spacing: Moment
    private var free = Moment.zero

    package init(perSecond: Int = 100) { spacing = .seconds(1) / max(1, perSecond) }

    /// When the next request may go: `now` or later.
    package mutating func reserve(at now: Moment) -> Moment {
        let start = max(now, free)
        free = start + spacing
        return start
    }
}
