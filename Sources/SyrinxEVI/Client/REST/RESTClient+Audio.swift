package import SyrinxCore

extension RESTClient {
    /// Asks for the audio of a chat until the server has put it together.
    ///
    /// Asking starts the work.
    ///
    /// - Parameters:
    ///   - interval: from one question to the next.
    ///   - patience: how long to go on asking.
    /// - Throws: `.unavailable` when patience is at its end, or the server gives up.
    package func chatAudio(
        _ id: String, every interval: Moment = .seconds(3), patience: Moment = .seconds(600)
    ) async throws(PipelineError) -> AudioReconstruction {
        let request = requests.chatAudio(id)
        let all = try await poll(request, interval, patience) { () throws(PipelineError) in
            let value = try await self.value(request)
            return [try self.read(request) { () throws(WireFault) in try AudioReconstruction(reading: value) }]
        }
        if case .failed(let status) = all[0].progress {
            throw PipelineError(
                .unavailable, at: "GET \(request.path)", "the audio cannot be had: found \(Shown.quoted(status))")
        }
        return all[0]
    }

    /// Asks for the audio of every chat of a group until the server has done with all of them.
    ///
    /// - Returns: one for each chat, in their order; what the server gave up is among them.
    package func chatGroupAudio(
        _ id: String, every interval: Moment = .seconds(3), patience: Moment = .seconds(600)
    ) async throws(PipelineError) -> [AudioReconstruction] {
        let requests = requests
        return try await poll(requests.chatGroupAudio(id), interval, patience) { () throws(PipelineError) in
            try await self.all("audio_reconstructions_page", of: AudioReconstruction.init(reading:)) {
                requests.chatGroupAudio(id, page: $0)
            }
        }
    }

    /// Asks until nothing is being worked on any more.
    private func poll(
        _ request: HTTPRequest, _ interval: Moment, _ patience: Moment,
        _ ask: () async throws(PipelineError) -> [AudioReconstruction]
    ) async throws(PipelineError) -> [AudioReconstruction] {
        let end = clock.now + patience
        while true {
            let found = try await ask()
            if !found.contains(where: { $0.progress == .working }) { return found }
            let left = end - clock.now
            guard left > .zero else {
                let words = "the audio was not made within \(Int(patience.inSeconds)) s; ask again later"
                throw PipelineError(.unavailable, at: "GET \(request.path)", words)
            }
            try await pass(min(interval, left))
        }
    }
}
