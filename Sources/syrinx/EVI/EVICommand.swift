internal import ArgumentParser

/// `syrinx evi`
struct EVICommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evi", abstract: "Looks after what EVI's server keeps, and plays a server of its own.",
        discussion: """
            The API key comes from the environment, never from an option: HUME_API_KEY. HUME_BASE_URL names another server \
            than wss://api.hume.ai; plain ws:// and http:// are for this machine only.

            Examples:
              syrinx evi configs list
              syrinx evi emulate --parrot
              syrinx evi chats export 470a49f6-1dec-4afe-8b61-035d3b2d63b0 --output talk.srt --audio talk.mp3
            """,
        subcommands: [
            ConfigsCommand.self, PromptsCommand.self, ToolsCommand.self, VoicesCommand.self, ChatsCommand.self,
            ChatGroupsCommand.self, EmulateCommand.self,
        ])
}
