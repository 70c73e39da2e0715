internal import ALSAPlugin
internal import BasicPlugin
internal import DynamicsPlugin
internal import EVIPlugin
internal import EchoPlugin
internal import FilePlugin
internal import JACKPlugin
internal import ResamplePlugin
internal import SyrinxCore
internal import VoicePlugin

/// The node types of this command: the one list of plugins.
enum Plugins {
    static var all: [any NodePlugin.Type] {
        [
            ALSAPlugin.self,
            BasicPlugin.self,
            DynamicsPlugin.self,
            EVIPlugin.self,
            EchoPlugin.self,
            FilePlugin.self,
            JACKPlugin.self,
            ResamplePlugin.self,
            VoicePlugin.self,
        ]
    }

    /// Every type of every plugin.
    static func registry() throws(PipelineError) -> NodeRegistry {
        var registry = NodeRegistry()
        for plugin in all { try registry.register(plugin) }
        return registry
    }
}
