/// Whom to trust. The system's authorities always count; a server must show a valid chain and its own name.
public struct TLSSettings: Sendable, Hashable {
    /// A PEM file with further authorities, for private servers.
    public var authoritiesFile: String?
    /// A PEM file with revocation lists. If given, a server's certificate must be covered by one and not be on it.
    public var revocationListsFile: String?
    /// Accepts any certificate from this machine itself: address, resolved or not, must be loopback. Nothing else gives up
    /// verification.
    public var trustsLoopback: Bool
    /// The lowest and highest version of TLS to offer.
    public var versions: ClosedRange<Version>

    public enum Version: Int, Sendable, Comparable {
        case tls12, tls13

        public static func < (a: Version, b: Version) -> Bool { a.rawValue < b.rawValue }
    }

    public init(
        authoritiesFile: String? = nil, revocationListsFile: String? = nil, trustsLoopback: Bool = false,
        versions: ClosedRange<Version> = .tls12 ... .tls13
    ) {
        self.authoritiesFile = authoritiesFile
        self.revocationListsFile = revocationListsFile
        self.trustsLoopback = trustsLoopback
        self.versions = versions
    }
}

/// What a server shows: files with its certificate (and those between it and an authority) and its key, in PEM.
public struct TLSIdentity: Sendable, Hashable {
    public var certificateFile: String
    public var keyFile: String
    public var versions: ClosedRange<TLSSettings.Version>

    public init(
        certificateFile: String, keyFile: String,
        versions: ClosedRange<TLSSettings.Version> = .tls12 ... .tls13
    ) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
        self.versions = versions
    }
}
