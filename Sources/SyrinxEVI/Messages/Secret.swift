internal import SyrinxCore

/// A key or token. It shows itself only to who asks by name: no description, dump, interpolation or error holds it.
///
/// - Thread: any; a value.
package struct Secret: Sendable, Hashable {
    private let text: String

    package init(_ text: String) { self.text = text }

    package var isEmpty: Bool { text.isEmpty }

    /// The secret itself, for the one place that puts it on the wire.
    package func reveal() -> String { text }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { SecretMask.mark }
    package var debugDescription: String { SecretMask.mark }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
