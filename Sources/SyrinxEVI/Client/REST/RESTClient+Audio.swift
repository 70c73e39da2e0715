package import SyrinxCore
internal import SyrinxNet
internal import SyrinxRealtime

extension RESTClient {
    /// More bytes than these are not taken for the audio of a chat: 30 minutes at any rate of an MP3 are a fraction.
    package static let audioByteLimit = 1 << 30
    private static let greatestWait: Moment = .seconds(5)

    /// The reconstructed audio of a chat, once the server has put it together.
    ///
    /// Asking starts the work. It is asked again after 1 s, then ever more rarely up to every 5 s.
    ///
    /// - Parameter patience: how long to ask.
    /// - Throws: `.unavailable` when patience is at its end, or the server gives up.
    package func audio(ofChat id: String, patience: Moment) async throws(PipelineError) -> AudioReconstruction {
        let place = "chat \(Shown.plain(id))"
        let request = requests.chatAudio(id)
        let all = try await poll(patience, at: place) { client throws(PipelineError) in
            let value = try await client.value(request)
            return [try client.read(request) { () throws(WireFault) in try AudioReconstruction(reading: value) }]
        }
        if case .failed(let status) = all[0].progress {
            throw PipelineError(
                .unavailable, at: place, "the server could not put the audio together (\(Shown.plain(status)))")
        }
        return all[0]
    }

    /// The reconstructed audio of every chat of a group, in the order of the chats. One that the server gave up is among
    /// them.
    package func audio(ofGroup id: String, patience: Moment) async throws(PipelineError) -> [AudioReconstruction] {
        let requests = requests
        return try await poll(patience, at: "chat group \(Shown.plain(id))") { client throws(PipelineError) in
            try await client.all("audio_reconstructions_page", of: AudioReconstruction.init(reading:)) {
                requests.chatGroupAudio(id, page: $0)
            }
        }
    }

    /// Asks until nothing is being worked on any more.
    private func poll(
        _ patience: Moment, at place: String,
        _ ask: @Sendable (RESTClient) async throws(PipelineError) -> [AudioReconstruction]
    ) async throws(PipelineError) -> [AudioReconstruction] {
        let end = clock.now + patience
        var wait = Moment.seconds(1)
        while true {
            let found = try await ask(self)
            if !found.contains(where: { $0.progress == .working }) { return found }
            let left = end - clock.now
            guard left > .zero else {
                let span = "\(Int(patience.inSeconds)) s"
                throw PipelineError(
                    .unavailable, at: place, "the audio was not ready within \(span); ask again later, or wait longer")
            }
            try await pass(min(wait, left))
            wait = min(wait * 3 / 2, Self.greatestWait)
        }
    }

    /// Fetches what lies at a signed address, without the API key: the address belongs to a file store.
    ///
    /// What breaks off before its first byte is tried again, twice; later than that is an error.
    ///
    /// - Parameters:
    ///   - place: what it is, for messages; the address is as good as a key and is never shown.
    ///   - sink: gets the bytes, piece by piece. It may block; the server waits.
    /// - Returns: how many bytes there were.
    package func download(
        _ address: Secret, at place: String, byteLimit: Int = audioByteLimit,
        to sink: @escaping @Sendable ([UInt8]) throws(PipelineError) -> Void
    ) async throws(PipelineError) -> Int {
        let text = address.reveal()
        guard text.lowercased().hasPrefix("https://") || isPlain else {
            throw PipelineError(.unavailable, at: place, "the server gives the audio an address that is not https://")
        }
        var retry = RESTRetry(HTTPRequest(.get, base: .hume, path: ""), hiding: [address])
        var random = SystemRandomNumberGenerator()
        let count = Locked(0)
        let take: @Sendable ([UInt8]) async throws -> Void = { piece in
            let all = count.withLock { count in
                count += piece.count
                return count
            }
            guard all <= byteLimit else {
                throw PipelineError(.unavailable, at: place, "the audio has more than \(byteLimit) bytes")
            }
            try sink(piece)
        }
        while true {
            try await takeTurn()
            let outcome: RESTRetry.Outcome
            let fault: PipelineError
            switch await fetch(text, take) {
            case .success(let answer):
                if answer.isSuccess { return count.withLock { $0 } }
                outcome = retry.take(RESTWire.answer(answer), epochSeconds: clock.epochSeconds, using: &random)
                fault = Self.refusal(answer.status, at: place)
            case .failure(let error as PipelineError): throw error
            case .failure(let error as NetError):
                fault = Self.broken(error, at: place)
                guard let failure = RESTWire.failure(error), count.withLock({ $0 }) == 0 else { throw fault }
                outcome = retry.take(failure, wasSent: RESTWire.wasSent(error), using: &random)
            case .failure(let error):
                throw PipelineError(.internal, at: place, "the download ended oddly", cause: "\(type(of: error))")
            }
            guard case .again(let wait) = outcome else { throw fault }
            try await pass(wait)
        }
    }

    private nonisolated func fetch(
        _ address: String, _ sink: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async -> Result<SyrinxNet.HTTPResponse, any Error> {
        do {
            return .success(try await client.download(SyrinxNet.HTTPRequest("GET", address), to: sink))
        } catch {
            return .failure(error)
        }
    }

    private static func refusal(_ status: Int, at place: String) -> PipelineError {
        let advice = (400..<500).contains(status) ? "; its address may have expired, ask again" : ""
        return PipelineError(.unavailable, at: place, "the audio was refused with HTTP \(status)\(advice)")
    }

    private static func broken(_ error: NetError, at place: String) -> PipelineError {
        if error.code == .cancelled { return RESTWire.cancelled }
        return PipelineError(.unavailable, at: place, "the audio could not be fetched", cause: error.description)
    }
}
