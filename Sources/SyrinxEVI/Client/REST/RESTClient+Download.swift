package import SyrinxCore
internal import SyrinxNet
internal import SyrinxRealtime

extension RESTClient {
    /// More bytes than these are not taken: the MP3 of 30 minutes at any rate is a fraction.
    package static let downloadLimit = 1 << 30

    /// Fetches what a signed address stands for, without the API key: it belongs to a file store, not to Hume's interface.
    ///
    /// The address is a secret of its own and stands in no error. As long as nothing was handed on, a failure is tried again
    /// twice.
    ///
    /// - Parameters:
    ///   - place: what it is, for messages.
    ///   - sink: gets the bytes piece by piece; the server waits meanwhile.
    /// - Returns: how many bytes came.
    @discardableResult
    package func download(
        _ address: Secret, at place: String = "audio", byteLimit: Int = downloadLimit,
        to sink: @escaping @Sendable ([UInt8]) async throws(PipelineError) -> Void
    ) async throws(PipelineError) -> Int {
        let text = address.reveal()
        guard text.lowercased().hasPrefix("https://") || isPlain else {
            throw PipelineError(.unavailable, at: place, "the server gives an address that is not https://")
        }
        let count = Locked(0)
        let take: @Sendable ([UInt8]) async throws -> Void = { piece in
            let all = count.withLock { count in
                count += piece.count
                return count
            }
            guard all <= byteLimit else {
                throw PipelineError(.unavailable, at: place, "found more than \(byteLimit) bytes, expected fewer")
            }
            try await sink(piece)
        }
        // For when to try again; its words are about requests with a key.
        var retry = RESTRetry(HTTPRequest(.get, base: .hume, path: ""), hiding: [address])
        var random = SystemRandomNumberGenerator()
        while true {
            try await waitForTurn()
            let outcome: RESTRetry.Outcome
            let fault: PipelineError
            switch await fetch(text, take) {
            case .success(let answer):
                if answer.isSuccess { return count.withLock { $0 } }
                outcome = retry.take(HTTPResponse(answer), epochSeconds: clock.epochSeconds, using: &random)
                let words = "the file store refused with HTTP \(answer.status); a signed address holds for an hour"
                fault = PipelineError(.unavailable, at: place, words)
            case .failure(let error as PipelineError): throw error
            case .failure(let error as NetError):
                if error.code == .cancelled { throw Self.cancelled }
                fault = PipelineError(.unavailable, at: place, "it cannot be fetched", cause: error.description)
                guard count.withLock({ $0 }) == 0 else { throw fault }
                let failure = TransportFailure(error)
                outcome = retry.take(failure, wasSent: failure.wasSent, using: &random)
            case .failure(let error):
                throw PipelineError(.internal, at: place, "the download failed", cause: "\(type(of: error))")
            }
            guard case .again(let wait) = outcome else { throw fault }
            try await pass(wait)
        }
    }

    private func fetch(
        _ address: String, _ sink: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async -> Result<SyrinxNet.HTTPResponse, any Error> {
        do {
            return .success(try await transport.client.download(SyrinxNet.HTTPRequest("GET", address), to: sink))
        } catch {
            return .failure(error)
        }
    }
}
