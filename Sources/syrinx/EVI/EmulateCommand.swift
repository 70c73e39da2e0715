internal import ArgumentParser
internal import Glibc
internal import SyrinxCore
internal import SyrinxEVI
internal import SyrinxEmulator

/// `syrinx evi emulate`
struct EmulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "emulate", abstract: "Runs a local EVI, for rehearsals and tests without a key.",
        discussion: """
            It listens on this machine only, until Ctrl-C. It hears the end of a turn in the audio it gets, and answers with \
            speech: by espeak-ng where that is installed, else by a voice of its own. It accepts the key in HUME_API_KEY \
            (and the secret in HUME_SECRET_KEY); without one it makes one up and prints it. A scenario is a JSON file that \
            says what to say when, and what goes wrong; Sources/SyrinxEmulator/README.md describes it.

            Examples:
              syrinx evi emulate --port 8765
              syrinx evi emulate --scenario rude.json --tls server.pem server.key
            """)

    @Option(help: ArgumentHelp("The port to listen on; 0: the system chooses.", valueName: "port"))
    var port = 0

    @Option(help: ArgumentHelp("An address of this machine: 127.0.0.1 or ::1.", valueName: "address"))
    var host = "127.0.0.1"

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("PEM files of a certificate and its key; left out: no TLS.", valueName: "file"),
        completion: .file())
    var tls: [String] = []

    @Option(
        help: ArgumentHelp("What to say when, and what goes wrong.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var scenario: String?

    @Flag(help: "Gives the user's own words back.")
    var parrot = false

    @Flag(help: "Refuses configs that are not stored here.")
    var strict = false

    @Flag(help: "Speaks with the built-in voice even where espeak-ng is installed.")
    var plainVoice = false

    @Option(help: ArgumentHelp("The same seed gives the same identifiers and scores.", valueName: "number"))
    var seed: UInt64 = 1

    func run() throws {
        var console = Console()
        let given = getenv("HUME_API_KEY").map { String(cString: $0) } ?? ""
        let options = try options(&console, key: given)
        // Before anything has a thread, so that every thread leaves the signals to the one that waits for them.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGHUP)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        let emulator = Emulator(options)
        let outcome = Waiting.result { () async -> PipelineError? in
            do throws(PipelineError) {
                try await emulator.start()
                return nil
            } catch {
                return error
            }
        }
        if let error = outcome { throw console.fail(error) }
        var text = "HUME_BASE_URL=\(emulator.baseURL)\n"
        if given.isEmpty {
            // Made up for this run: it opens nothing but this emulator.
            text += "HUME_API_KEY=\(options.apiKey.reveal())\nHUME_SECRET_KEY=\(options.secretKey.reveal())\n"
        }
        try console.print(text)
        var signal: Int32 = 0
        while sigwait(&signals, &signal) != 0 {}
        Waiting.result { await emulator.stop() }
    }

    private func options(_ console: inout Console, key: String) throws -> EmulatorOptions {
        guard tls.isEmpty || tls.count == 2 else {
            throw console.fail(
                PipelineError(.usage, at: "--tls", "found \(tls.count) files, expected two: certificate and key"))
        }
        guard (0...65_535).contains(port) else {
            throw console.fail(PipelineError(.usage, at: "--port", "found \(port), expected 0…65535"))
        }
        for file in tls where access(file, R_OK) != 0 {
            let cause = String(cString: strerror(errno))
            throw console.fail(
                PipelineError(.missingInput, at: "--tls", "\(Shown.quoted(file)) cannot be read", cause: cause))
        }
        var options = EmulatorOptions()
        if !key.isEmpty {
            console.mask.insert(key)
            options.apiKey = Secret(key)
            if let secret = getenv("HUME_SECRET_KEY").map({ String(cString: $0) }), !secret.isEmpty {
                console.mask.insert(secret)
                options.secretKey = Secret(secret)
            }
        }
        options.host = host
        options.port = port
        if tls.count == 2 { options.tls = (tls[0], tls[1]) }
        options.isParrot = parrot
        options.isStrict = strict
        options.usesEspeak = !plainVoice
        options.seed = seed
        if let scenario {
            do {
                options.scenario = try ScenarioReader.read(file: scenario)
            } catch let faults as Faults {
                throw console.report(faults.all, file: scenario) ?? ExitCode(65)
            } catch let error as PipelineError {
                throw console.fail(error)
            }
        }
        return options
    }
}
