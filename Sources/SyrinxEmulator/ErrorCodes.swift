/// The codes of `error` that this server knows by name.
///
/// - Source: protocol 4.5.
enum ErrorCodes {
    static func slug(_ code: String) -> String {
        switch code {
        case "E0100": "invalid_json"
        case "E0101": "invalid_message"
        case "E0200": "media_undecodable"
        case "E0201": "invalid_base64"
        case "E0202": "no_audio_signal"
        case "E0300": "zero_credit_balance"
        case "E0301": "monthly_credit_limit_reached"
        case "E0400": "resource_not_found"
        case "E0705": "custom_language_model_disconnected"
        case "E0708": "chat_group_not_found"
        case "E0710": "chat_resumption_failed"
        case "E0712": "custom_language_model_timed_out"
        case "E0714": "inactivity_timeout"
        case "E0715": "max_duration_timeout"
        case "E0720": "chat_resumption_not_possible"
        case "E0723": "invalid_audio_pattern"
        case "I0116": "transcription_failure"
        case "I0118": "transcription_disconnected"
        default: code.first == "W" ? "warning" : code.first == "I" ? "internal_error" : "error"
        }
    }
}
