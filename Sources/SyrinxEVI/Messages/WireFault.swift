internal import SyrinxCore

/// What is wrong with something that came over the wire: where, what was found, what was expected.
///
/// The text is safe to log: pieces of what came are short and shown as ``Shown`` shows them.
package struct WireFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of thing is wrong, as the protocol's own error codes tell it apart.
    package enum Kind: Sendable, Hashable {
        /// Not JSON, or over a limit of size or depth.
        case syntax
        /// JSON, but not a message as documented.
        case shape
        /// The audio inside cannot be used.
        case audio
    }

    package let kind: Kind
    /// As in `user_message.time.begin`; empty where there is none.
    package let path: String
    package let message: String

    package init(_ kind: Kind, at path: String = "", _ message: String) {
        self.kind = kind
        self.path = path
        self.message = message
    }

    package var description: String { path.isEmpty ? message : "\(path): \(message)" }
}
