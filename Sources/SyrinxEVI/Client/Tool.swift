internal import CToolProcess
internal import Glibc

/// A file descriptor and its one owner, who closes it.
///
/// - Thread: one.
final class Descriptor {
    private(set) var number: Int32

    init(_ number: Int32) { self.number = number }

    deinit { close() }

    var isOpen: Bool { number >= 0 }

    func close() {
        if number >= 0 { _ = Glibc.close(number) }
        number = -1
    }

    /// From now on a call that would wait says so instead.
    func setNonblocking() { _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK) }
}

/// A program that runs, with our ends of its pipes.
///
/// - Thread: one.
final class Tool {
    struct Fault: Error {
        let number: Int32
    }

    private let process: pid_t
    /// Readable once it has ended.
    let watch: Descriptor
    let input: Descriptor
    let output: Descriptor

    private init(_ process: pid_t, _ watch: Descriptor, _ input: Descriptor, _ output: Descriptor) {
        self.process = process
        self.watch = watch
        self.input = input
        self.output = output
    }

    static func start(_ program: String, _ plan: ToolJob.Plan) -> Result<Tool, Fault> {
        guard let (theirInput, ourInput) = pipe(), let (ourOutput, theirOutput) = pipe() else {
            return .failure(Fault(number: errno))
        }
        ourInput.setNonblocking()
        ourOutput.setNonblocking()
        var process: pid_t = 0
        let status = withStrings(plan.arguments) { arguments in
            withStrings(plan.environment) { environment in
                syrinx_tool_start(
                    &process, program, arguments, environment, plan.folder, theirInput.number, theirOutput.number)
            }
        }
        // Theirs are closed here, so that the end of the tool is the end of the pipe.
        theirInput.close()
        theirOutput.close()
        guard status == 0 else { return .failure(Fault(number: status)) }
        let watch = Descriptor(syrinx_tool_watch(process))
        let number = errno
        let tool = Tool(process, watch, ourInput, ourOutput)
        guard watch.isOpen else {
            tool.kill()
            _ = tool.reap()
            return .failure(Fault(number: number))
        }
        return .success(tool)
    }

    private static func pipe() -> (reading: Descriptor, writing: Descriptor)? {
        var ends: [Int32] = [-1, -1]
        let status = syrinx_tool_pipe(&ends)
        guard status == 0 else {
            errno = status
            return nil
        }
        return (Descriptor(ends[0]), Descriptor(ends[1]))
    }

    private static func withStrings<Result>(
        _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        let copies: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) } + [nil]
        defer { for copy in copies { free(copy) } }
        return copies.withUnsafeBufferPointer { body($0.baseAddress!) }
    }

    /// Writes what the pipe takes; at the end, or when nobody reads, the pipe is closed.
    func give(_ rest: inout ArraySlice<UInt8>) {
        let count = rest.withUnsafeBytes { write(input.number, $0.baseAddress, $0.count) }
        if count < 0 {
            if errno == EAGAIN || errno == EINTR { return }
            rest = []
        } else {
            rest.removeFirst(count)
        }
        if rest.isEmpty { input.close() }
    }

    /// Reads what is there.
    ///
    /// - Returns: whether the whole is within the limit.
    func take(into answer: inout [UInt8], limit: Int) -> Bool {
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while output.isOpen {
            let count = read(output.number, &piece, piece.count)
            if count > 0 {
                answer += piece[..<count]
                if answer.count > limit { return false }
            } else if count == 0 || errno != EINTR && errno != EAGAIN {
                output.close()
            } else if errno == EAGAIN {
                break
            }
        }
        return true
    }

    /// Ends it and all of its process group at once. Call before ``reap()``: after it, the number may be another's.
    func kill() { _ = Glibc.kill(-process, SIGKILL) }

    func hasEnded(within milliseconds: Int32) -> Bool {
        var watched = pollfd(fd: watch.number, events: Int16(POLLIN), revents: 0)
        return poll(&watched, 1, milliseconds) > 0
    }

    /// Waits for the end.
    ///
    /// - Returns: the status as of waitpid(2).
    func reap() -> Int32 {
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 {
            // Somebody else has waited for all children: then there is no status to be had.
            if errno != EINTR { return 0 }
        }
        return status
    }
}
