internal import CJack
internal import Glibc
internal import Synchronization
internal import SyrinxCore

/// What libjack says, kept instead of printed.
enum JACKWords {
    /// Its messages since ``clear()``, the newest at the end; only the first few.
    private static let messages = Mutex<[String]>([])
    private static let most = 8

    /// Takes over libjack's messages, which go to standard error otherwise. Harmless if repeated. Thread: control.
    static func listen() {
        jack_set_error_function { words in JACKWords.keep(words) }
        jack_set_info_function { words in JACKWords.keep(words) }
    }

    /// Forgets what was said, so that ``first`` belongs to what follows.
    static func clear() { messages.withLock { $0 = [] } }

    /// The first thing that was said, for an error's cause; what follows it are libjack's consequences.
    static var first: String? { messages.withLock { $0.first } }

    private static func keep(_ words: UnsafePointer<CChar>?) {
        guard let words else { return }
        var text = String(cString: words)
        while text.last?.isWhitespace == true { text.removeLast() }
        if text.isEmpty { return }
        messages.withLock { messages in
            if messages.count < most { messages.append(text) }
        }
    }

    /// A status in words: `failed, the server does not answer`.
    static func status(_ status: jack_status_t) -> String {
        let words: [(jack_status_t, String)] = [
            (JackInvalidOption, "invalid option"), (JackServerFailed, "the server does not answer"),
            (JackServerError, "talking to the server failed"), (JackNoSuchClient, "no such client"),
            (JackLoadFailure, "the client cannot be loaded"), (JackInitFailure, "the client cannot be started"),
            (JackShmFailure, "shared memory is not accessible"),
            (JackVersionError, "client and server speak different versions"),
            (JackBackendError, "the server's device failed"),
            (JackClientZombie, "the server has thrown the client out"),
        ]
        let said = words.filter { status.rawValue & $0.0.rawValue != 0 }.map(\.1)
        return said.isEmpty ? "failed" : said.joined(separator: ", ")
    }
}
