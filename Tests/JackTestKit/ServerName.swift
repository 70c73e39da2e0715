internal import Foundation
internal import Glibc

/// One of a few names for JACK servers, held by one process at a time, all over the machine.
///
/// JACK's registry has eight places. A server that was killed keeps its place until another of its name comes, so names that
/// are never used again would fill it for good.
final class ServerName: Sendable {
    struct NoneFree: Error, CustomStringConvertible {
        let description: String
    }

    let name: String
    /// Locked as long as the name is held; a process that dies lets go of it.
    private let lock: Int32

    init() throws {
        let deadline = ContinuousClock.now + .seconds(120)
        repeat {
            for number in 1...5 {
                let name = "syrinx-test-\(getuid())-\(number)"
                let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(name).lock").path
                let lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
                if lock < 0 { continue }
                if flock(lock, LOCK_EX | LOCK_NB) == 0, Self.endOrphan(name, lock) {
                    self.name = name
                    self.lock = lock
                    return
                }
                close(lock)
            }
            usleep(50_000)
        } while ContinuousClock.now < deadline
        throw NoneFree(description: "all names for test servers are taken; do other tests hang?")
    }

    deinit { close(lock) }

    /// Takes down which process is the server, for whoever holds the name next.
    func setProcess(_ process: Int32) {
        let text = Array("\(process)\n".utf8)
        ftruncate(lock, 0)
        pwrite(lock, text, text.count, 0)
    }

    /// Ends a server that a test left running when it was killed: the one taken down, if it is still a jackd of this name.
    ///
    /// - Returns: false if its number is not free soon: a new server would take the name for taken.
    private static func endOrphan(_ name: String, _ lock: Int32) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 32)
        let count = pread(lock, &buffer, buffer.count, 0)
        let text = String(decoding: buffer[..<max(0, count)], as: UTF8.self)
        guard let process = Int32(text.prefix { $0.isNumber }), process > 1,
            let words = FileManager.default.contents(atPath: "/proc/\(process)/cmdline")
        else { return true }
        // No words: it has ended, and nobody has asked how.
        if !words.isEmpty {
            guard String(decoding: words, as: UTF8.self).hasPrefix("jackd\0-n\0\(name)\0") else { return true }
            kill(process, SIGKILL)
        }
        for _ in 0..<1_000 {
            if kill(process, 0) != 0 { return true }
            usleep(5_000)
        }
        return false
    }
}
