internal import SyrinxEVI

/// `syrinx evi configs`
typealias ConfigsCommand = StoredCommand<ConfigKind>

enum ConfigKind: StoredKind {
    static let kind = RESTRequests.Kind.configs
    static let word = "config"
    static let summary = "Configs: how EVI behaves in a chat, by the id that evi.config_id takes."
    static let example = #"{"evi_version": "3", "name": "studio", "voice": {"name": "ITO", "provider": "HUME_AI"}}"#
}
