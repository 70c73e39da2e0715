internal import CPluginHost
internal import Glibc
internal import SyrinxCore

/// One end of the sockets between the command and a helper process: whole messages of texts. A question has one answer; what
/// a plugin tells of itself comes in between (``told``).
struct HelperChannel: Sendable {
    /// The longest message.
    static let largest = 1 << 20

    /// The first word of a message that answers nothing: the event's name and its values follow.
    static let told = "told"

    let file: Int32

    /// Sends a message. Returns: false if the other end has gone, or the message is too long.
    ///
    /// - Parameter flags: MSG_DONTWAIT: false, too, if the other end has yet to take in what was sent before.
    @discardableResult
    func send(_ tokens: TokenList, flags: Int = 0) -> Bool {
        tokens.bytes.count <= Self.largest
            && tokens.bytes.withUnsafeBytes {
                Glibc.send(file, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | flags)) == $0.count
            }
    }

    /// Tells the other end of an event; nobody waits, and what finds no room is lost. Thread: any but render.
    func tell(_ event: String, _ values: [Value]) {
        var message = TokenList([Self.told, event])
        message.append(values.count)
        for value in values { message.append(value: value) }
        send(message, flags: MSG_DONTWAIT)
    }

    /// The next message.
    ///
    /// - Parameter milliseconds: how long it is waited for; −1: for ever.
    /// - Returns: nil if none has come by then, or if the other end has gone.
    func receive(within milliseconds: Int32) -> TokenReader? {
        var asked = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
        while true {
            let count = poll(&asked, 1, milliseconds)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return nil }
            break
        }
        var bytes = [UInt8](repeating: 0, count: Self.largest)
        let count = recv(file, &bytes, bytes.count, 0)
        return count > 0 ? TokenReader(bytes[..<count]) : nil
    }
}
