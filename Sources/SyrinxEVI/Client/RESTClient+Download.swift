package import SyrinxCore
internal import SyrinxNet
internal import SyrinxRealtime

extension RESTClient {
    /// Fetches what a signed address stands for, without the API key: it belongs to a file store, not to Hume's interface.
    ///
    /// The address is a secret of its own and stands in no error. As long as nothing was handed on, a failure is tried again
    /// twice.
    ///
    /// - Parameter sink: gets the bytes piece by piece; the server waits meanwhile.
    /// - Returns: how many bytes came.
    @discardableResult
    package func download(
        _ address: Secret, to sink: @escaping @Sendable ([UInt8]) async throws(PipelineError) -> Void
    ) async throws(PipelineError) -> Int {
        let count = Locked(0)
        var backOff = BackOff()
        (backOff.first, backOff.greatest) = (.seconds(1), .seconds(60))
        var random = SystemRandomNumberGenerator()
        var tries = 0
        while true {
            let failure: PipelineError
            let isWorthwhile: Bool
            do {
                let answer = try await transport.client.download(SyrinxNet.HTTPRequest("GET", address.reveal())) {
                    bytes in
                    count.withLock { $0 += bytes.count }
                    try await sink(bytes)
                }
                if answer.isSuccess { return count.withLock { $0 } }
                let words = "the file store refused with HTTP \(answer.status); a signed address holds for an hour"
                failure = PipelineError(.unavailable, words)
                isWorthwhile = answer.status == 429 || answer.status >= 500
            } catch let error as PipelineError {
                throw error
            } catch let error as NetError {
                failure = PipelineError(error)
                isWorthwhile = TransportFailure(error).kind == .unreachable
            } catch {
                failure = PipelineError(.internal, "the download failed", cause: "\(error)")
                isWorthwhile = false
            }
            if Task.isCancelled { throw Self.cancelled }
            tries += 1
            guard isWorthwhile, tries <= RESTRetry.retries, count.withLock({ $0 }) == 0 else { throw failure }
            try await Self.sleep(for: backOff.delay(after: tries, using: &random))
        }
    }
}
