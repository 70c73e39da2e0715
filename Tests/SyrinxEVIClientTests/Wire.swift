import Testing

/// How a test's server is spoken to.
enum Wire: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case plain
    case tls = "TLS"

    var testDescription: String { rawValue }
}
