internal import SyrinxCore

/// The object as it is spread over the query of the chat address.
///
/// - Source: protocol 1.3.
extension SessionSettings {
    /// Reads the parameters `session_settings[…]`, decoded already; whatever does not fit is left out. Variables come as
    /// strings.
    package init(query: [(name: String, value: String)]) {
        var audio = AudioFormat(sampleRate: 0)
        var contextType: String?
        var contextText: String?
        var variables: [Value.Member] = []
        for (name, value) in query {
            guard name.hasPrefix("session_settings["), name.hasSuffix("]") else { continue }
            let steps = name.dropFirst("session_settings[".count).dropLast().split(
                separator: "][", maxSplits: 1, omittingEmptySubsequences: false)
            switch (steps[0], steps.count > 1 ? steps[1] : nil) {
            case ("audio", "encoding"): audio.encoding = value
            case ("audio", "sample_rate"): audio.sampleRate = Int(value) ?? 0
            case ("audio", "channels"): audio.channels = Int(value) ?? 1
            case ("context", "text"): contextText = value
            case ("context", "type"): contextType = value
            case ("custom_session_id", nil): customSessionID = value
            case ("event_limit", nil): eventLimit = Int(value)
            case ("language_model_api_key", nil): languageModelKey = Secret(value)
            case ("system_prompt", nil): systemPrompt = value
            case ("voice_id", nil): voiceID = value
            case ("variables", let name?): variables.append(.init(String(name), .string(value)))
            default: break
            }
        }
        if audio.sampleRate > 0 { self.audio = audio }
        if let contextText { context = .set(Context(contextText, type: contextType)) }
        if !variables.isEmpty { self.variables = variables }
    }
}
