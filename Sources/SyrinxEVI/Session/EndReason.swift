package import SyrinxCore

/// Why a session is over.
package enum EndReason: Sendable, Hashable {
    /// We were told to stop.
    case stopped
    /// The server ended the chat in good order, with 1000.
    case serverEnded
    /// EVI used its tool `hang_up`.
    case hungUp
    case idle
    case maxDuration
    case transcriptionFailed(ServerError)
    /// The handshake was refused with this HTTP status.
    case refused(status: Int)
    /// The token endpoint refused key and secret.
    case tokenRefused(status: Int)
    case noCredit(ServerError)
    case failed(ServerError)
    /// The server closed with a code that blames us.
    case protocolViolation(code: Int, reason: String)
    case untrusted(String)
    /// So many attempts led nowhere; the last one failed so.
    case gaveUp(attempts: Int, last: String)
    /// `max_minutes` of chat are used up.
    case budget(minutes: Double)

    /// A word for scripts.
    package var name: String {
        switch self {
        case .stopped: "stopped"
        case .serverEnded: "server_ended"
        case .hungUp: "hung_up"
        case .idle: "idle"
        case .maxDuration: "max_duration"
        case .transcriptionFailed: "transcription_failed"
        case .refused, .tokenRefused: "refused"
        case .noCredit: "no_credit"
        case .failed: "error"
        case .protocolViolation: "protocol"
        case .untrusted: "untrusted"
        case .gaveUp: "gave_up"
        case .budget: "budget"
        }
    }

    /// The error to end a run with; nil where the session ended as it should.
    package var error: PipelineError? {
        switch self {
        case .stopped, .serverEnded, .hungUp, .idle, .maxDuration, .budget: return nil
        case .transcriptionFailed(let error):
            let advice = "usually send_rate_hz or the audio format does not fit what is sent"
            return Self.error(.unavailable, "the server could not transcribe the audio; \(advice)", error)
        case .refused(let status) where status == 401 || status == 403:
            return PipelineError(
                .refused, "refused with HTTP \(status); the server does not accept the API key or token")
        case .refused(let status):
            let words = "the handshake was refused with HTTP \(status), expected 101; check base_url and config_id"
            return PipelineError(.unavailable, words)
        case .tokenRefused(let status):
            return PipelineError(
                .refused, "no token: refused with HTTP \(status); the server does not accept api_key and secret_key")
        case .noCredit(let error):
            return Self.error(.refused, "no credit left; top up the account or wait for the next month", error)
        case .failed(let error): return Self.error(.unavailable, "the server ended the chat with an error", error)
        case .protocolViolation(let code, let reason):
            let cause = reason.isEmpty ? nil : Shown.plain(reason, limit: 120)
            return PipelineError(.unavailable, "the connection was closed with code \(code)", cause: cause)
        case .untrusted(let words):
            let advice = "for a server with a certificate of your own, name its CA file"
            return PipelineError(.unavailable, "the server's certificate is not trusted; \(advice)", cause: words)
        case .gaveUp(let attempts, let last):
            let count = attempts == 1 ? "1 attempt" : "\(attempts) attempts"
            return PipelineError(.unavailable, "no connection after \(count)", cause: last)
        }
    }

    private static func error(_ code: PipelineError.Code, _ message: String, _ error: ServerError) -> PipelineError {
        let words = Shown.plain(error.message, limit: 200)
        let slug = error.slug.isEmpty ? "" : " \(Shown.plain(error.slug))"
        return PipelineError(code, message, cause: "\(Shown.plain(error.code))\(slug): \(words)")
    }
}
