internal import SyrinxConfig
package import SyrinxCore
internal import SyrinxEVI

/// Reads scenario files: JSON with comments, as pipelines are. Every fault is reported, with its place.
package struct ScenarioReader {
    private static let keys = [
        "syrinx_scenario", "description", "seed", "audio", "network", "interruption", "late_pieces", "echo_settings",
        "burst_limit_s", "end_of_turn_silence_ms", "min_interruption_ms", "inactivity_s", "max_duration_s", "chats",
        "after_chats",
    ]

    /// Where WAV files lie.
    let folder: String
    var faults: [Fault] = []

    /// Reads a file.
    ///
    /// - Throws: ``Faults``, or `PipelineError` for a file that cannot be read.
    /// - Thread: control; blocks.
    package static func read(file: String) throws -> Scenario {
        let bytes = try FileBytes.load(file, limit: JSONReader.byteLimit)
        let folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
        return try read(bytes, folder: folder)
    }

    /// Reads the text of a scenario; paths in it begin in `folder`.
    package static func read(_ text: [UInt8], folder: String = "") throws(Faults) -> Scenario {
        let (root, faults) = JSONReader.read(text)
        var reader = ScenarioReader(folder: folder)
        reader.faults = faults
        var scenario = Scenario()
        if let root { scenario = reader.scenario(root) }
        let errors = reader.faults.filter { $0.severity == .error }
        guard errors.isEmpty else { throw Faults(reader.faults.inOrder) }
        return scenario
    }

    private init(folder: String) { self.folder = folder }

    private mutating func scenario(_ root: DocumentValue) -> Scenario {
        var scenario = Scenario()
        guard let object = object(root, "scenario", keys: Self.keys) else { return scenario }
        if let version = integer(object, "syrinx_scenario", in: 1...1) {
            _ = version
        } else if object["syrinx_scenario"] == nil {
            fault(object, "syrinx_scenario", "found nothing, expected \"syrinx_scenario\": 1")
        }
        _ = text(object, "description")
        scenario.seed = integer(object, "seed", in: 0...Int.max).map { UInt64($0) }
        if let value = object["audio"] { scenario.audio = audio(value) }
        if let value = object["network"] { scenario.network = network(value) }
        scenario.interruption = choice(object, "interruption") ?? scenario.interruption
        scenario.latePieces = integer(object, "late_pieces", in: 0...1_000) ?? 0
        scenario.echoesSettings = boolean(object, "echo_settings") ?? true
        if case .boolean(false)? = object["burst_limit_s"]?.content {
            scenario.burstLimitSeconds = nil
        } else if let limit = number(object, "burst_limit_s", in: 0.1...3_600) {
            scenario.burstLimitSeconds = limit
        }
        scenario.endOfTurnSilenceMilliseconds = integer(object, "end_of_turn_silence_ms", in: 50...10_000)
        scenario.minInterruptionMilliseconds = integer(object, "min_interruption_ms", in: 10...10_000)
        scenario.inactivitySeconds = number(object, "inactivity_s", in: 0.05...1_800)
        scenario.maxDurationSeconds = number(object, "max_duration_s", in: 0.05...1_800)
        scenario.chats = list(object, "chats").enumerated().map { chat($0.element, "chats[\($0.offset)]") }
        scenario.afterChats = choice(object, "after_chats") ?? .answer
        return scenario
    }

    private mutating func audio(_ value: DocumentValue) -> Scenario.Audio {
        var audio = Scenario.Audio()
        guard let object = object(value, "audio", keys: ["rate_hz", "piece_ms", "pace_ratio", "header"]) else {
            return audio
        }
        audio.rate = integer(object, "rate_hz", in: 8_000...192_000) ?? audio.rate
        audio.pieceMilliseconds = integer(object, "piece_ms", in: 1...10_000) ?? audio.pieceMilliseconds
        audio.pace = number(object, "pace_ratio", in: 0.1...1_000) ?? audio.pace
        audio.header = choice(object, "header") ?? audio.header
        return audio
    }

    private mutating func network(_ value: DocumentValue) -> Scenario.Network {
        var network = Scenario.Network()
        guard let object = object(value, "network", keys: ["delay_ms", "jitter_ms", "malformed_percent"]) else {
            return network
        }
        network.delayMilliseconds = integer(object, "delay_ms", in: 0...60_000) ?? 0
        network.jitterMilliseconds = integer(object, "jitter_ms", in: 0...60_000) ?? 0
        network.malformedPercent = number(object, "malformed_percent", in: 0...100) ?? 0
        return network
    }

    private mutating func chat(_ value: DocumentValue, _ path: String) -> Scenario.Chat {
        var chat = Scenario.Chat()
        let keys = ["refuse", "metadata_ms", "metadata", "on_open", "turns", "after_turns", "at", "x-note"]
        guard let object = object(value, path, keys: keys) else { return chat }
        if let value = object["refuse"],
            let refusal = self.object(value, path + ".refuse", keys: ["status", "retry_after_s"])
        {
            let status = required(refusal, "status") { $0.integer($1, $2, in: 400...599) }
            chat.refusal = Scenario.Refusal(
                status: status ?? 503, retryAfterSeconds: integer(refusal, "retry_after_s", in: 0...86_400))
        }
        chat.metadataMilliseconds = integer(object, "metadata_ms", in: 0...600_000) ?? 0
        chat.sendsMetadata = boolean(object, "metadata") ?? true
        chat.onOpen = steps(object, "on_open")
        chat.turns = list(object, "turns").enumerated().map { turn($0.element, "\(path).turns[\($0.offset)]") }
        chat.afterTurns = choice(object, "after_turns") ?? .answer
        chat.at = list(object, "at").enumerated().compactMap { index, value in
            let path = "\(path).at[\(index)]"
            guard let entry = self.object(value, path, keys: ["s", "steps"]) else { return nil }
            let seconds = required(entry, "s") { $0.number($1, $2, in: 0...1_800) }
            return seconds.map { Scenario.Timed(seconds: $0, steps: steps(entry, "steps")) }
        }.sorted { $0.seconds < $1.seconds }
        return chat
    }

    private mutating func turn(_ value: DocumentValue, _ path: String) -> Scenario.Turn {
        var turn = Scenario.Turn()
        guard let object = object(value, path, keys: ["hears", "emotions", "steps"]) else { return turn }
        turn.hears = text(object, "hears")
        if let value = object["emotions"],
            let emotions = self.object(value, path + ".emotions", keys: Scores.names)
        {
            turn.emotions = [:]
            for member in emotions.members {
                turn.emotions?[member.name] = number(emotions, member.name, in: 0...1)
            }
        }
        turn.steps = steps(object, "steps")
        return turn
    }

    private mutating func steps(_ object: Entry, _ name: String) -> [Scenario.Step] {
        list(object, name).enumerated().compactMap { step($0.element, "\(object.path).\(name)[\($0.offset)]") }
    }
}
