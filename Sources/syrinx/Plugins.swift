internal import ALSAPlugin
internal import BasicPlugin
internal import ConvolvePlugin
internal import DynamicsPlugin
internal import EVIPlugin
internal import EchoPlugin
internal import FilePlugin
internal import JACKPlugin
internal import LV2Plugin
internal import NativePlugin
internal import ResamplePlugin
internal import SyrinxCore
internal import VoicePlugin

/// The node types of this command: the one list of plugins.
enum Plugins {
    static var all: [any NodePlugin.Type] {
        [
            ALSAPlugin.self,
            BasicPlugin.self,
            ConvolvePlugin.self,
            DynamicsPlugin.self,
            EVIPlugin.self,
            EchoPlugin.self,
            FilePlugin.self,
            JACKPlugin.self,
            LV2Plugin.self,
            ResamplePlugin.self,
            VoicePlugin.self,
        ]
    }

    /// Every type of every plugin, those that are found at run time last: they do not take a name away.
    static func registry() throws(PipelineError) -> NodeRegistry {
        var registry = try builtIn()
        try registry.register(NativePlugin.self)
        return registry
    }

    /// What this command brings itself.
    static func builtIn() throws(PipelineError) -> NodeRegistry {
        var registry = NodeRegistry()
        for plugin in all { try registry.register(plugin) }
        return registry
    }
}
