internal import SyrinxCore
internal import SyrinxEVI
internal import SyrinxNet
internal import SyrinxRealtime

/// Who may come in: the API key by header or query, or a token that was fetched with key and secret.
///
/// - Thread: any.
final class AccessDesk: Sendable {
    static let tokenLife = Duration.seconds(1_800)
    private static let tokenLimit = 10_000
    private let key: Secret
    private let secret: Secret
    private let tokens = Locked<[String: ContinuousClock.Instant]>([:])

    init(key: Secret, secret: Secret) {
        self.key = key
        self.secret = secret
    }

    /// Whether a request to REST carries what it needs.
    func admits(_ request: NetServer.Request) -> Bool {
        if let given = request.headers["X-Hume-Api-Key"], !given.isEmpty { return isKey(given) }
        if let given = request.headers["Authorization"] {
            let parts = given.split(separator: " ", maxSplits: 1)
            return parts.count == 2 && parts[0].lowercased() == "bearer" && isToken(String(parts[1]))
        }
        return false
    }

    /// Whether a handshake does; it may use the query, too.
    func admitsSocket(_ request: NetServer.Request) -> Bool {
        func query(_ name: String) -> String? {
            request.query.last { $0.name == name }.flatMap { $0.value.isEmpty ? nil : $0.value }
        }
        if let token = query("access_token") { return isToken(token) }
        if let given = query("api_key") { return isKey(given) }
        return admits(request)
    }

    /// Answers `POST /oauth2-cc/token`.
    func token(_ request: NetServer.Request) -> SyrinxNet.HTTPResponse {
        guard request.method == "POST" else { return .fault(405, "only POST is answered here") }
        guard let given = request.headers["Authorization"], given.lowercased().hasPrefix("basic "),
            let pair = Base64.decode(Array(given.dropFirst(6).utf8)[...]),
            matches(String(decoding: pair, as: UTF8.self), "\(key.reveal()):\(secret.reveal())")
        else { return .fault(401, "Authorization must be Basic, with the API key and the secret key") }
        let form = PercentEncoding.pairs(of: String(decoding: request.body, as: UTF8.self))
        guard form.contains(where: { $0.name == "grant_type" && $0.value == "client_credentials" }) else {
            return .fault(400, "the body must be the form grant_type=client_credentials")
        }
        // Not by seed: a token is a credential, be it of a rehearsal.
        var random = SystemRandomNumberGenerator()
        let token = Base64.encode((0..<24).map { _ in UInt8.random(in: 0...255, using: &random) })
            .map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 }
        let text = String(token)
        let now = ContinuousClock.now
        tokens.withLock { tokens in
            tokens = tokens.filter { $0.value > now }
            if tokens.count < Self.tokenLimit { tokens[text] = now.advanced(by: Self.tokenLife) }
        }
        return .json(
            .object([
                .init("access_token", .string(text)), .init("expires_in", .integer(1_800)),
                .init("token_type", .string("Bearer")),
            ]))
    }

    private func isKey(_ text: String) -> Bool { matches(text, key.reveal()) }

    private func isToken(_ text: String) -> Bool {
        tokens.withLock { $0[text].map { $0 > .now } ?? false }
    }

    /// In the same time whatever differs.
    private func matches(_ one: String, _ other: String) -> Bool {
        let (a, b) = (Array(one.utf8), Array(other.utf8))
        var difference = a.count ^ b.count
        for index in 0..<min(a.count, b.count) { difference |= Int(a[index] ^ b[index]) }
        return difference == 0
    }
}
