internal import ArgumentParser
internal import Glibc
internal import SyrinxCore
internal import SyrinxEVI

/// EVI's server as a command sees it: the client, and a console that shows no key.
struct EVIAccess: Sendable {
    let rest: RESTClient
    let console: Console

    /// - Throws: `.refused` without a key, `.usage` for an address that is none.
    init(environment: (String) -> String? = { getenv($0).map { String(cString: $0) } }) throws(PipelineError) {
        var console = Console()
        let secrets = ["HUME_API_KEY", "HUME_SECRET_KEY"].compactMap(environment).map { Secret($0) }
        for secret in secrets { console.mask.insert(secret.reveal()) }
        guard let key = environment("HUME_API_KEY"), !key.isEmpty else {
            throw PipelineError(.refused, at: "HUME_API_KEY", "found nothing in the environment, expected an API key")
        }
        guard key.utf8.allSatisfy({ (0x21..<0x7F).contains($0) }) else {
            throw PipelineError(
                .refused, at: "HUME_API_KEY", "found a blank or another character that no API key has in it")
        }
        let base: BaseAddress
        do {
            let text = environment("HUME_BASE_URL") ?? ""
            base = text.isEmpty ? .hume : try BaseAddress(text)
        } catch {
            throw PipelineError(.usage, at: "HUME_BASE_URL", console.mask.mask(error.message))
        }
        self.console = console
        rest = RESTClient(base: base, key: Secret(key), hiding: secrets, transport: try NetTransport())
    }
}

/// A command that asks EVI's server.
protocol EVIRESTCommand: ParsableCommand, Sendable {
    func run(_ evi: EVIAccess) async throws
}

extension EVIRESTCommand {
    func run() throws {
        let evi: EVIAccess
        do throws(PipelineError) { evi = try EVIAccess() } catch { throw Console().fail(error) }
        let outcome = Waiting.result { () async -> (any Error)? in
            do { try await run(evi) } catch { return error }
            return nil
        }
        switch outcome {
        case nil: return
        case let error as PipelineError: throw evi.console.fail(error)
        case let error?: throw error
        }
    }
}

/// The id of something that EVI's server keeps.
///
/// It becomes a step of a path: one that is empty, or dots alone, would make it the path of something else.
enum EVIIdentifier {
    @Sendable static func checked(_ text: String) throws -> String {
        if text.allSatisfy({ $0 == "." }) { throw ValidationError("expected an id, found \(Shown.quoted(text))") }
        return text
    }
}

/// Options that every command here has.
struct EVIFormat: ParsableArguments {
    @Flag(help: "Prints JSON.")
    var json = false
}
