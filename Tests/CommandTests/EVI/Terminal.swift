import CommandTestKit
import Foundation
import Glibc

/// A terminal on which the command runs.
enum Terminal {
    struct Failure: Error {
        let words = String(cString: strerror(errno))
    }

    /// TIOCSPTLCK and TIOCGPTN, which the module of the C library does not show.
    private static let setLock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430

    /// Runs `syrinx` with a pseudo-terminal as its input and diagnostics, types, and waits for its end.
    ///
    /// - Returns: the exit code and what was on the screen, what was typed included.
    static func run(
        _ arguments: [String], typing text: String, _ environment: [String: String]
    ) throws -> (code: Int32, screen: String) {
        let master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var (lock, number): (Int32, Int32) = (0, 0)
        guard master >= 0, ioctl(master, setLock, &lock) == 0, ioctl(master, getNumber, &number) == 0 else {
            throw Failure()
        }
        defer { close(master) }
        let slave = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard slave >= 0 else { throw Failure() }
        let handle = FileHandle(fileDescriptor: slave, closeOnDealloc: false)
        let process = try Command.start(
            arguments: arguments, in: Command.package, input: handle, diagnostics: handle, environment: environment)
        // What is typed early waits in the terminal.
        _ = text.withCString { write(master, $0, strlen($0)) }
        close(slave)
        var screen: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while true {
            // The end is an error here: the last one who held the terminal has closed it.
            var event = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
            if poll(&event, 1, 120_000) == 0 { kill(process.processIdentifier, SIGKILL) }
            let count = read(master, &chunk, chunk.count)
            if count <= 0 { break }
            screen += chunk[..<count]
        }
        process.waitForEnd()
        return (process.terminationStatus, String(decoding: screen, as: UTF8.self))
    }
}
