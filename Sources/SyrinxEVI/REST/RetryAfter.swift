/// How long a server asks to be left alone.
package enum RetryAfter {
    /// Longer than this is not waited for one request.
    package static let greatest: Moment = .seconds(60)

    /// Reads `Retry-After` (seconds) and `X-RateLimit-Reset` (seconds since 1970); nil if neither says anything.
    ///
    /// - Parameter epoch: seconds since 1970, for the second one; nil: it is ignored, and so are dates.
    package static func delay(in response: HTTPResponse, epochSeconds: Double? = nil) -> Moment? {
        if let text = response.header("Retry-After"), let seconds = Double(text), seconds >= 0, seconds.isFinite {
            return min(.seconds(min(seconds, 1e6)), greatest)
        }
        if let epochSeconds, let text = response.header("X-RateLimit-Reset"), let reset = Double(text), reset.isFinite {
            let seconds = reset - epochSeconds
            return seconds > 0 ? min(.seconds(min(seconds, 1e6)), greatest) : nil
        }
        return nil
    }
}
