internal import SyrinxConfig
internal import SyrinxCore
internal import SyrinxEVI
internal import SyrinxEmulator

/// `--emulate`: a local EVI within the process, and pipelines whose sessions talk to it with a key that was made up.
struct Rehearsal: Sendable {
    /// What a session needs to find Hume's server, and proves to it.
    private static let replaced: Set = [
        "api_key", "secret_key", "access_token", "base_url", "ca_file", "tls_crl_file",
    ]
    /// What pipelines usually ask the environment for. It need not be set.
    private static let variables: Set = ["HUME_API_KEY", "HUME_SECRET_KEY", "HUME_BASE_URL", "HUME_ACCESS_TOKEN"]

    private let emulator: Emulator

    /// Starts the emulator.
    ///
    /// - Parameters:
    ///   - scenario: a file that says what happens; nil: it answers whatever it hears.
    ///   - isParrot: it gives the user's own words back.
    /// - Throws: ``Faults`` in the scenario; `PipelineError` for a file that cannot be read.
    static func start(scenario: String?, isParrot: Bool) throws -> Rehearsal {
        var options = EmulatorOptions()
        options.isParrot = isParrot
        if let scenario { options.scenario = try ScenarioReader.read(file: scenario) }
        let emulator = Emulator(options)
        let error = Waiting.result { () async -> PipelineError? in
            do throws(PipelineError) { try await emulator.start() } catch { return error }
            return nil
        }
        if let error { throw error }
        return Rehearsal(emulator: emulator)
    }

    /// Where it listens.
    var address: String { emulator.baseURL }

    /// What must not be shown.
    var secrets: [String] { [emulator.options.apiKey.reveal(), emulator.options.secretKey.reveal()] }

    func stop() { Waiting.result { [emulator] in await emulator.stop() } }

    /// The environment as a pipeline file sees it.
    var environment: @Sendable (String) -> String? {
        { name in Self.variables.contains(name) ? "" : Lookup.processEnvironment(name) }
    }

    /// Points every session of a pipeline at the emulator.
    func apply(to document: inout PipelineDocument) {
        func member(_ name: String, _ text: String) -> DocumentMember {
            DocumentMember(name, DocumentValue(.string(DocumentText(text, comesFromOutside: true))))
        }
        for index in document.nodes.indices where document.nodes[index].type == "evi" {
            document.nodes[index].parameters.removeAll { Self.replaced.contains($0.name) }
            document.nodes[index].parameters += [
                member("api_key", emulator.options.apiKey.reveal()), member("base_url", emulator.baseURL),
            ]
        }
    }
}
