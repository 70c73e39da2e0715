internal import SyrinxCore
internal import SyrinxNet

// How SyrinxNet's words become ours.

extension TransportFailure {
    init(_ error: NetError) {
        let kind: Kind =
            switch error.code {
            case .untrusted: .untrusted
            case .invalidArgument: .invalid
            default: .unreachable
            }
        // A limit may have run out before or after the request went; who asks twice must suppose the worse.
        let unsent: [NetError.Code] = [.unavailable, .untrusted, .tls, .proxy, .invalidArgument]
        self.init(kind, error.description, wasSent: !unsent.contains(error.code))
    }
}

extension PipelineError {
    init(_ error: NetError) {
        let code: Code =
            switch error.code {
            case .invalidArgument: .invalidParameter
            case .refused where [401, 403].contains(error.refusal?.status): .refused
            default: .unavailable
            }
        self.init(code, at: error.place, error.message, cause: error.cause)
    }
}

extension SyrinxNet.HTTPRequest {
    init(_ request: HTTPRequest) {
        var headers = HTTPHeaderFields()
        for field in request.headers { headers.add(field.name, field.reveal()) }
        self.init(
            request.method.rawValue, request.base.http.description + request.revealTarget(), headers: headers,
            body: request.body ?? [])
    }
}

extension HTTPResponse {
    init(_ answer: SyrinxNet.HTTPResponse) {
        var headers = answer.headers
        // Seconds in the place of a date, so that whoever reads it needs no calendar.
        if let seconds = answer.retryAfterSeconds { headers["Retry-After"] = String(seconds) }
        self.init(status: answer.status, headers: headers.pairs, body: answer.body)
    }
}
