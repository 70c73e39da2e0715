internal import SyrinxEVI

/// `syrinx evi prompts`
typealias PromptsCommand = StoredCommand<PromptKind>

enum PromptKind: StoredKind {
    static let kind = RESTRequests.Kind.prompts
    static let word = "prompt"
    static let summary = "Prompts: what EVI is told about its part."
    static let example = #"{"name": "host", "text": "You host a radio show."}"#
}
