internal import CToolProcess
internal import Glibc
internal import SyrinxCore
internal import SyrinxRealtime

/// One run of one tool, on a thread of its own that does nothing but wait for it.
///
/// - Thread: ``start(_:)`` and ``cancel()`` any.
final class ToolJob: Sendable {
    /// What is run, where, and with what.
    struct Plan: Sendable, Hashable {
        let arguments: [String]
        let folder: String
        let searchPath: String
        /// As `NAME=VALUE`.
        let environment: [String]
    }

    private struct State {
        var isCancelled = false
        /// Wakes the thread; -1 while nobody listens.
        var bell: Int32 = -1
    }

    static let answerLimit = 1 << 20
    /// How long the end of a killed tool is waited for; one that hangs in the kernel is reaped whenever it ends.
    private static let killPatience: Int32 = 500

    private let plan: Plan
    private let input: [UInt8]
    private let state = Locked(State())

    init(_ plan: Plan, input: [UInt8]) {
        self.plan = plan
        self.input = input
    }

    /// Kills the tool and all that it started, if they are in its process group.
    func cancel() {
        state.withLock { state in
            state.isCancelled = true
            var one: UInt64 = 1
            if state.bell >= 0 { _ = write(state.bell, &one, 8) }
        }
    }

    /// Runs the tool; `done` is called once.
    func start(_ done: @escaping @Sendable (ToolResult) -> Void) {
        do {
            // SIGPIPE stays away too: a tool that does not read its arguments is no reason to die.
            try SystemThread(name: "tool", stackBytes: 256 << 10, takesSignals: false) {
                var tool: Tool?
                let result = self.run(&tool)
                done(result)
                // Only a process that does not die of SIGKILL is left here.
                if let tool { _ = tool.reap() }
            }.detach()
        } catch {
            done(.failed(error: "no thread can be started for it", content: nil))
        }
    }

    // MARK: On the thread

    private func run(_ left: inout Tool?) -> ToolResult {
        let bell = Descriptor(syrinx_tool_bell())
        guard bell.isOpen else { return Self.failure("it cannot be watched", errno) }
        let isCancelled = state.withLock { state in
            state.bell = bell.number
            return state.isCancelled
        }
        defer {
            state.withLock { $0.bell = -1 }
            bell.close()  // only now: until then the number must stay this bell's
        }
        if isCancelled { return .failed(error: "cancelled", content: nil) }
        guard let program = Self.find(plan) else {
            return .failed(error: "there is no program \(Shown.quoted(plan.arguments[0])) along PATH", content: nil)
        }
        let tool: Tool
        switch Tool.start(program, plan) {
        case .success(let started): tool = started
        case .failure(let fault):
            return Self.failure("cannot start \(Shown.quoted(program)) in \(Shown.quoted(plan.folder))", fault.number)
        }
        var answer: [UInt8] = []
        let end = listen(to: tool, bell, &answer)
        guard case .ended = end else {
            tool.kill()
            if !tool.hasEnded(within: Self.killPatience) { left = tool } else { _ = tool.reap() }
            return .failed(error: end.words, content: nil)
        }
        let status = tool.reap()
        if status & 0x7F != 0 {
            let words = strsignal(status & 0x7F).map { String(cString: $0) } ?? "signal \(status & 0x7F)"
            return .failed(error: "it was ended by a signal: \(words)", content: nil)
        }
        if status != 0 { return .failed(error: "it ended with status \(status >> 8 & 0xFF), expected 0", content: nil) }
        while answer.last == UInt8(ascii: "\n") || answer.last == UInt8(ascii: "\r") { answer.removeLast() }
        guard let text = String(validating: answer, as: UTF8.self) else {
            return .failed(error: "its answer is not UTF-8", content: nil)
        }
        return .answer(text)
    }

    private enum End {
        case ended
        case cancelled
        case tooLong
        case broken(Int32)

        var words: String {
            switch self {
            case .ended: ""
            case .cancelled: "cancelled"
            case .tooLong: "found an answer of more than \(ToolJob.answerLimit) bytes, expected fewer"
            case .broken(let number): "it cannot be listened to (\(ToolJob.words(number)))"
            }
        }
    }

    /// Hands over the arguments and gathers the answer until the tool has ended, or must.
    private func listen(to tool: Tool, _ bell: Descriptor, _ answer: inout [UInt8]) -> End {
        var rest = input[...]
        if rest.isEmpty { tool.input.close() }
        while true {
            var watched = [
                pollfd(fd: tool.watch.number, events: Int16(POLLIN), revents: 0),
                pollfd(fd: bell.number, events: Int16(POLLIN), revents: 0),
                pollfd(fd: tool.output.number, events: Int16(POLLIN), revents: 0),
                pollfd(fd: tool.input.number, events: Int16(POLLOUT), revents: 0),
            ]
            if poll(&watched, nfds_t(watched.count), -1) < 0, errno != EINTR { return .broken(errno) }
            if watched[1].revents != 0 { return .cancelled }
            if watched[3].revents != 0 { tool.give(&rest) }
            let hasEnded = watched[0].revents != 0
            // What a tool has said before its end lies in the pipe by now. One that it started may hold the pipe open, and
            // is not waited for.
            if watched[2].revents != 0 || hasEnded {
                guard tool.take(into: &answer, limit: Self.answerLimit) else { return .tooLong }
            }
            if hasEnded { return .ended }
        }
    }

    /// The path of the program; nil if a bare name is not found.
    private static func find(_ plan: Plan) -> String? {
        let name = plan.arguments[0]
        if name.contains("/") { return name }
        for step in plan.searchPath.split(separator: ":") {
            let path = "\(step)/\(name)"
            let seenFromHere = step.hasPrefix("/") ? path : "\(plan.folder)/\(path)"
            var about = stat()
            if access(seenFromHere, X_OK) == 0, stat(seenFromHere, &about) == 0, about.st_mode & S_IFMT == S_IFREG {
                return path
            }
        }
        return nil
    }

    private static func words(_ number: Int32) -> String {
        strerror(number).map { String(cString: $0) } ?? "errno \(number)"
    }

    private static func failure(_ what: String, _ number: Int32) -> ToolResult {
        .failed(error: "\(what): \(words(number))", content: nil)
    }
}
