package import SyrinxCore
package import SyrinxEVI
internal import SyrinxNet
internal import SyrinxRealtime

/// What can be set for an emulator.
package struct EmulatorOptions: Sendable {
    /// `127.0.0.1`, `::1` or another address of loopback.
    package var host = "127.0.0.1"
    /// 0: the system chooses.
    package var port = 0
    /// PEM files of a certificate and its key; nil: without TLS.
    package var tls: (certificateFile: String, keyFile: String)?
    package var apiKey: Secret
    package var secretKey: Secret
    package var scenario = Scenario.plain
    /// The same seed gives the same identifiers, scores and jitter. A scenario's own seed goes before it.
    package var seed: UInt64 = 1
    /// Gives the user's own words back.
    package var isParrot = false
    /// Refuses configs that are not stored here (E0400), as the real server does.
    package var isStrict = false
    /// False: the built-in voice even where espeak-ng is installed, so that samples are the same on every machine.
    package var usesEspeak = true
    /// Sound of chats to keep for `…/audio`, in bytes; 0: none.
    package var audioBytes = 128 << 20

    package init(apiKey: Secret, secretKey: Secret) {
        self.apiKey = apiKey
        self.secretKey = secretKey
    }

    /// With credentials that are made up for this one.
    package init() {
        func word(_ count: Int) -> Secret {
            let letters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
            return Secret(String((0..<count).map { _ in letters[Int.random(in: 0..<letters.count)] }))
        }
        self.init(apiKey: word(48), secretKey: word(64))
    }
}

/// A local EVI: speaks the protocol on loopback, without a key, a network or a bill.
///
/// - Thread: any.
package final class Emulator: Sendable {
    package let options: EmulatorOptions
    private let server = Locked<NetServer?>(nil)

    package init(_ options: EmulatorOptions) { self.options = options }

    /// Begins to listen.
    ///
    /// - Throws: `.unavailable` if the port is taken, `.invalidParameter` for an address or files that cannot be used.
    package func start() async throws(PipelineError) {
        let reception = Reception(options)
        var settings = NetServer.Options()
        // Scenarios may send more than a client takes; what comes in is bounded by the chat.
        settings.webSocket.messageLimit = 33 << 20
        let identity = options.tls.map { TLSIdentity(certificateFile: $0.certificateFile, keyFile: $0.keyFile) }
        do throws(NetError) {
            let started = try await NetServer.start(
                host: options.host, port: options.port, identity: identity, options: settings
            ) { await reception.answer($0) }
            reception.origin = started.address
            server.withLock { $0 = started }
        } catch {
            let code: PipelineError.Code = error.code == .unavailable ? .unavailable : .invalidParameter
            throw PipelineError(code, at: error.place, error.message, cause: error.cause)
        }
    }

    /// `http://127.0.0.1:PORT` or `https://…`; empty before ``start()``.
    package var address: String { server.withLock { $0?.address } ?? "" }

    /// The same for `base_url`: `ws://…` or `wss://…`.
    package var baseURL: String { "ws" + address.dropFirst("http".count) }

    package var port: Int { server.withLock { $0?.port } ?? 0 }

    /// Cuts every chat and gives the port back.
    package func stop() async {
        let running = server.withLock { server in
            defer { server = nil }
            return server
        }
        await running?.stop()
    }
}
