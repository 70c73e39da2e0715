internal import ArgumentParser

/// `syrinx evi`
struct EVICommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evi", abstract: "What belongs to Hume's EVI, beside the node of a pipeline.",
        discussion: """
            Key and address come from the environment, never from options: HUME_API_KEY, HUME_SECRET_KEY, HUME_BASE_URL.
            """,
        subcommands: [EmulateCommand.self])
}
