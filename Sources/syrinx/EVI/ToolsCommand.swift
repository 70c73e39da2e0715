internal import SyrinxEVI

/// `syrinx evi tools`
typealias ToolsCommand = StoredCommand<ToolKind>

enum ToolKind: StoredKind {
    static let kind = RESTRequests.Kind.tools
    static let word = "tool"
    static let summary = "Tools: what EVI may ask a chat's client to do."
    static let example = #"{"name": "lamp", "parameters": "{\"type\": \"object\", \"properties\": {}}"}"#
}
