import Foundation
import Glibc
import SyrinxCore
import SyrinxEVI
import Testing

/// A folder with programs in it, gone at the end.
final class Workshop: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("syrinx-tools-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func script(_ name: String, _ text: String) throws {
        try "#!/bin/sh\n\(text)\n".write(toFile: "\(path)/\(name)", atomically: true, encoding: .utf8)
        chmod("\(path)/\(name)", 0o755)
    }

    func read(_ name: String) -> String? {
        (try? String(contentsOfFile: "\(path)/\(name)", encoding: .utf8))
            .map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
    }

    /// Waits until a file has a line in it.
    func wait(for name: String) async throws -> String {
        for _ in 0..<6_000 {
            if let text = read(name), !text.isEmpty { return text }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("\(name) was never written")
        return ""
    }

    func runs(_ process: String) -> Bool {
        // A zombie is no running process, and in a container nobody may reap a grandchild.
        guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
        return status.split(separator: ")").last?.split(separator: " ").first != "Z"
    }
}

@Suite("tool processes", .timeLimit(.minutes(5)))
struct ToolProcessTests {
    let shop: Workshop

    init() throws { shop = try Workshop() }

    private func run(
        _ arguments: [String], input: String = "{}", environment: [String: String] = [:]
    ) async throws -> ToolResult {
        let tools = ToolProcess(
            ["tool": try .init(arguments, environment: environment)], folder: shop.path)
        return await tools.run(ToolCall("tool", id: "1", parameters: input))
    }

    private func error(_ result: ToolResult) -> String {
        if case .failed(let error, nil) = result { return error }
        Issue.record("found \(result), expected a failure")
        return ""
    }

    @Test("arguments come on standard input, the answer leaves on standard output without its last line break")
    func inAndOut() async throws {
        let input = #"{"text":"\#(String(repeating: "ü", count: 200_000))"}"#
        #expect(try await run(["cat"], input: input) == .answer(input))
        #expect(try await run(["printf", "a\\nb\\n\\n"]) == .answer("a\nb"))
        #expect(try await run(["true"], input: String(repeating: "x", count: 1 << 20)) == .answer(""))
    }

    @Test("a program runs in the pipeline's folder, found there by a relative path, with its arguments as they are")
    func folder() async throws {
        try shop.script("here", #"pwd; for word in "$@"; do echo "<$word>"; done"#)
        let real = URL(fileURLWithPath: shop.path).resolvingSymlinksInPath().path
        #expect(
            try await run(["./here", "a b", "$HOME; rm -r /", "*"])
                == .answer(
                    "\(real)\n<a b>\n<$HOME; rm -r />\n<*>"))
        #expect(try await run([shop.path + "/here"]) == .answer(real))
    }

    @Test("no shell reads the command, not even a file without an interpreter's line")
    func noShell() async throws {
        #expect(error(try await run(["echo hello"])).contains(#"no program "echo hello""#))
        try "echo shell".write(toFile: shop.path + "/bare", atomically: true, encoding: .utf8)
        chmod(shop.path + "/bare", 0o755)
        var words = "Text file busy"
        // While a process that another test starts still has the file open for writing.
        for _ in 0..<100 where words.contains("Text file busy") { words = error(try await run(["./bare"])) }
        #expect(words.contains("Exec format error"))
    }

    @Test("it sees PATH, HOME, LANG and the entry's own settings, and nothing else of ours")
    func environment() async throws {
        setenv("SYRINX_TEST_SECRET", "must-stay-hidden", 1)
        setenv("LANG", "C.UTF-8", 0)
        guard case .answer(let text) = try await run(["env"], environment: ["LAMP": "on", "LANG": "tlh"]) else {
            Issue.record("expected an answer")
            return
        }
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines.contains("LAMP=on") && lines.contains("LANG=tlh"))
        #expect(Set(lines.map { $0.prefix { $0 != "=" } }).isSubset(of: ["PATH", "HOME", "LANG", "LAMP"]))
        #expect(lines.contains { $0.hasPrefix("PATH=") })
    }

    @Test("the entry's own PATH is where a bare name is looked for")
    func searchPath() async throws {
        try shop.script("only-here", "echo found")
        #expect(try await run(["only-here"], environment: ["PATH": "/nowhere:\(shop.path)"]) == .answer("found"))
        #expect(try await run(["only-here"], environment: ["PATH": "."]) == .answer("found"))
        #expect(error(try await run(["only-here"])).contains("no program"))
    }

    @Test("signals are as by default, and none of our descriptors is open in it")
    func signals() async throws {
        signal(SIGPIPE, SIG_IGN)  // as SwiftNIO does
        let descriptor = open("/dev/null", O_RDONLY)
        defer { close(descriptor) }
        guard case .answer(let text) = try await run(["grep", "-E", "Sig(Ign|Blk)", "/proc/self/status"]) else {
            Issue.record("expected an answer")
            return
        }
        let masks = text.split(whereSeparator: \.isWhitespace).compactMap { UInt64($0, radix: 16) }
        // Signals 32 and 33 are the C library's own.
        #expect(masks.map { $0 & ~(3 << 31) } == [0, 0])
        // The fourth is the folder that is being read.
        #expect(try await run(["ls", "/proc/self/fd"]) == .answer("0\n1\n2\n3"))
    }

    @Test("it is the head of a process group of its own")
    func group() async throws {
        guard case .answer(let text) = try await run(["sh", "-c", "echo $$; cut -d ' ' -f 5 /proc/$$/stat"]) else {
            Issue.record("expected an answer")
            return
        }
        let numbers = text.split(separator: "\n").map(String.init)
        #expect(numbers.count == 2 && numbers[0] == numbers[1])
        #expect(numbers[0] != String(getpgrp()))
    }

    @Test("a cancelled call kills the tool and what it started, and is over at once")
    func cancelled() async throws {
        try shop.script("slow", "sleep 3600 & echo $! >grandchild; echo $$ >child; trap '' TERM INT HUP; wait")
        let (tools, shop) = (ToolProcess(["tool": try .init(["./slow"])], folder: shop.path), shop)
        let task = Task { await tools.run(ToolCall("tool", id: "1", parameters: "{}")) }
        let child = try await shop.wait(for: "child")
        let grandchild = try await shop.wait(for: "grandchild")
        #expect(shop.runs(child) && shop.runs(grandchild))
        task.cancel()
        #expect(error(await task.value) == "cancelled")
        #expect(!shop.runs(child))
        for _ in 0..<6_000 where shop.runs(grandchild) { try await Task.sleep(for: .milliseconds(10)) }
        #expect(!shop.runs(grandchild))
    }

    @Test("a call that was cancelled before it began starts nothing")
    func cancelledBefore() async throws {
        try shop.script("mark", "echo x >marked")
        let tools = ToolProcess(["tool": try .init(["./mark"])], folder: shop.path)
        let gate = Gate()
        let task = Task {
            await gate.pass()
            return await tools.run(ToolCall("tool", id: "1", parameters: "{}"))
        }
        task.cancel()
        gate.open()
        #expect(error(await task.value) == "cancelled")
        #expect(shop.read("marked") == nil)
    }

    @Test("an answer of 1 MiB is taken, one byte more kills the tool")
    func large() async throws {
        let most = 1 << 20
        guard case .answer(let text) = try await run(["head", "-c", String(most), "/dev/zero"]) else {
            Issue.record("expected an answer")
            return
        }
        #expect(text.utf8.count == most)
        #expect(
            error(try await run(["head", "-c", String(most + 1), "/dev/zero"])).contains("more than 1048576 bytes"))
        #expect(error(try await run(["cat", "/dev/zero"])).contains("more than 1048576 bytes"))
    }

    @Test("what a tool leaves behind in the background is not waited for")
    func background() async throws {
        try shop.script("fork", "sleep 3600 & echo $! >left; echo done")
        #expect(try await run(["./fork"]) == .answer("done"))
        if let left = pid_t(try await shop.wait(for: "left")) { kill(left, SIGKILL) }
    }

    @Test(
        "a status other than 0, a signal, text that is no UTF-8 and a program that is missing are failures with a reason"
    )
    func failures() async throws {
        #expect(error(try await run(["sh", "-c", "echo half; exit 3"])) == "it ended with status 3, expected 0")
        #expect(error(try await run(["sh", "-c", "kill -9 $$"])) == "it was ended by a signal: Killed")
        #expect(error(try await run(["printf", "\\377"])) == "its answer is not UTF-8")
        #expect(error(try await run(["./missing"])).contains("No such file or directory"))
        #expect(error(try await run([shop.path])).contains("Permission denied"))
        let tools = ToolProcess(["tool": try .init(["true"])], folder: "/nowhere/at/all")
        let lost = await tools.run(ToolCall("tool", id: "1", parameters: "{}"))
        #expect(error(lost).contains("/nowhere/at/all"))
    }

    @Test("a tool that the file does not name is somebody else's")
    func notMine() async throws {
        let tools = ToolProcess([:], folder: shop.path)
        #expect(await tools.run(ToolCall("rm", id: "1", parameters: "{}")) == .notMine)
    }

    @Test("commands that cannot be run are refused before anything starts")
    func badCommands() {
        for arguments in [[], [""], ["a\u{0}b"], ["a", "\u{0}"]] {
            #expect(throws: PipelineError.self) { try ToolProcess.Command(arguments) }
        }
        for name in ["", "A=B", "A\u{0}"] {
            #expect(throws: PipelineError.self) { try ToolProcess.Command(["true"], environment: [name: "x"]) }
        }
    }

    @Test("fifty tools at once give fifty answers")
    func many() async throws {
        let tools = ToolProcess(["tool": try .init(["cat"])], folder: shop.path)
        await withTaskGroup(of: ToolResult.self) { group in
            for number in 0..<50 {
                group.addTask { await tools.run(ToolCall("tool", id: "\(number)", parameters: "\(number)")) }
            }
            var answers: Set<ToolResult> = []
            for await answer in group { answers.insert(answer) }
            #expect(answers == Set((0..<50).map { .answer("\($0)") }))
        }
    }
}
