internal import Glibc
package import SyrinxCore

/// Where the references of a file are looked up, and how far.
package struct Lookup: Sendable {
    package enum Mode: Sendable, Hashable {
        /// `check` and `explain`: no file is opened, and what is not set stays unresolved.
        case check, explain
        /// `run`: what is not set and has no default is a fault.
        case run
    }

    package var mode: Mode
    /// The values of `--var`, by name.
    package var variables: [String: String]
    /// An environment variable, or nil where it is not set.
    package var environment: @Sendable (String) -> String?

    package init(
        _ mode: Mode, variables: [String: String] = [:],
        environment: @escaping @Sendable (String) -> String? = processEnvironment
    ) {
        self.mode = mode
        self.variables = variables
        self.environment = environment
    }

    /// The environment of this process.
    package static let processEnvironment: @Sendable (String) -> String? = { name in
        getenv(name).map { String(cString: $0) }
    }

    /// The value of one `--var NAME=VALUE`.
    ///
    /// - Throws: `.usage` unless it is a name, `=` and a value.
    package static func variable(_ argument: String) throws(PipelineError) -> (name: String, value: String) {
        guard let equals = argument.firstIndex(of: "="), Name.isVariable(argument[..<equals]) else {
            let message =
                "found \(Shown.quoted(argument)), expected NAME=VALUE; a name is letters, digits, \"_\" and \"-\""
            throw PipelineError(.usage, at: "--var", message)
        }
        return (String(argument[..<equals]), String(argument[argument.index(after: equals)...]))
    }
}

/// What names look like.
enum Name {
    /// `[a-z][a-z0-9_-]*`
    static func isNode(_ name: some StringProtocol) -> Bool {
        name.utf8.first.map(isLower) == true && name.utf8.allSatisfy { isLower($0) || isDigit($0) || isJoint($0) }
    }

    /// `[A-Za-z_][A-Za-z0-9_-]*`
    static func isVariable(_ name: some StringProtocol) -> Bool {
        let first = name.utf8.first ?? 0
        return (isLetter(first) || first == UInt8(ascii: "_"))
            && name.utf8.allSatisfy { isLetter($0) || isDigit($0) || isJoint($0) }
    }

    /// `[A-Za-z_][A-Za-z0-9_]*`
    static func isEnvironment(_ name: some StringProtocol) -> Bool {
        isVariable(name) && !name.utf8.contains(UInt8(ascii: "-"))
    }

    private static func isLower(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }
    private static func isLetter(_ byte: UInt8) -> Bool { isLower(byte | 0x20) }
    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    private static func isJoint(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") }
}
