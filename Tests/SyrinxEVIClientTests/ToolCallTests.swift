import SyrinxCore
import SyrinxEVI
import SyrinxNet
import Testing

@Suite("EVI over a real socket, tools", .timeLimit(.minutes(5)))
struct ToolCallTests {
    let shop: Workshop

    init() throws { shop = try Workshop() }

    private func spec(_ name: String, timeout: Moment = .seconds(60)) -> ToolSpec {
        var tool = SessionSettings.Tool(name, parameters: "{}")
        tool.fallbackContent = "fallback of \(name)"
        return ToolSpec(tool, timeout: timeout)
    }

    private func call(_ name: String, _ id: String, _ parameters: String = "{}") -> ServerMessage {
        .toolCall(ToolCall(name, id: id, parameters: parameters))
    }

    /// The answers to tool calls that a chat has heard: id, and content or error.
    private static func answers(_ heard: [PeerChat.Heard]) -> [(id: String, content: String?, error: String?)] {
        heard.compactMap {
            switch $0 {
            case .message(.toolResponse(let response)): (response.id, response.content, nil)
            case .message(.toolError(let failure)): (failure.id, failure.content, failure.error)
            default: nil
            }
        }
    }

    @Test(
        "rule 24: a tool's answer is a text with the call's id; unknown names, bad arguments and failures are one tool_error each",
        arguments: Wire.allCases)
    func answers(wire: Wire) async throws {
        try shop.script("lamp", "cat; echo ' is on'")
        try shop.script("broken", "exit 4")
        let peer = try await Peer.start(wire) { chat in
            await chat.greet()
            await chat.say(
                .toolCall(
                    ToolCall("web_search", id: "0", parameters: "{}", responseRequired: false, type: ToolCall.builtin)))
            for (name, parameters) in [("lamp", #"{"room":"ü"}"#), ("nobody", "{}"), ("lamp", "on!"), ("broken", "{}")]
            {
                let before = ToolCallTests.answers(chat.heard.all).count
                async let next: Void = chat.say(call(name, "\(before + 1)", parameters))
                while ToolCallTests.answers(chat.heard.all).count == before, let message = await chat.next() {
                    if case .text(let text) = message, let read = try? ClientMessage(decoding: Array(text.utf8)) {
                        chat.heard.append(.message(read))
                    }
                }
                await next
            }
            await chat.listen()
        }
        let tools = ToolProcess(
            ["lamp": try .init(["./lamp"]), "broken": try .init(["./broken"])], folder: shop.path)
        let rig = try Rig(peer, tools: tools) { $0.tools = [spec("lamp"), spec("broken")] }
        try #require(await rig.ears.hear("tool_answer", times: 4))
        try #require(await peer.chats.wait(for: 1))
        let chat = peer.chats.all[0]
        try #require(await chat.heard.wait { ToolCallTests.answers($0).count >= 4 })
        let answers = Self.answers(chat.heard.all)
        #expect(answers.map(\.id) == ["1", "2", "3", "4"])
        #expect(answers[0].content == #"{"room":"ü"} is on"# && answers[0].error == nil)
        #expect(answers[1].error?.contains("no such tool") == true)
        #expect(answers[2].error?.contains("no JSON object") == true)
        #expect(answers[3].error == "it ended with status 4, expected 0")
        #expect(answers[3].content == "fallback of broken")
        #expect(rig.ears.warnings.contains { $0.contains("broken") && $0.contains("status 4") })
        await rig.end()
        await peer.stop()
    }

    @Test("rule 24: a tool that is too slow is killed, and there is one tool_error")
    func timeout() async throws {
        try shop.script("slow", "echo $$ >child; exec sleep 3600")
        let peer = try await Peer.start { chat in
            await chat.greet()
            await chat.say(call("slow", "1"))
            await chat.listen()
        }
        let tools = ToolProcess(["slow": try .init(["./slow"])], folder: shop.path)
        let rig = try Rig(peer, tools: tools) { $0.tools = [spec("slow", timeout: .seconds(2))] }
        let child = try await shop.wait(for: "child")
        try #require(await rig.ears.hear("tool_answer"))
        let chat = peer.chats.all[0]
        try #require(await chat.heard.wait { !Self.answers($0).isEmpty })
        #expect(Self.answers(chat.heard.all).map(\.error) == ["the tool did not answer within 2.0 s"])
        for _ in 0..<6_000 where shop.runs(child) { try await Task.sleep(for: .milliseconds(10)) }
        #expect(!shop.runs(child))
        await rig.end()
        #expect(Self.answers(chat.heard.all).count == 1)
        await peer.stop()
    }

    @Test("rule 24: a call that another supersedes is killed and gets no answer")
    func superseded() async throws {
        try shop.script("slow", "echo $$ >child; exec sleep 3600")
        let again = Gate()
        let peer = try await Peer.start { chat in
            await chat.greet()
            await chat.say(call("slow", "old"))
            await again.pass()
            await chat.say(call("quick", "new"))
            await chat.listen()
        }
        let tools = ToolProcess(
            ["slow": try .init(["./slow"]), "quick": try .init(["echo", "quick"])], folder: shop.path)
        let rig = try Rig(peer, tools: tools) { $0.tools = [spec("slow"), spec("quick")] }
        let child = try await shop.wait(for: "child")
        again.open()
        try #require(await rig.ears.hear("tool_answer", times: 2))
        let chat = peer.chats.all[0]
        try #require(await chat.heard.wait { !Self.answers($0).isEmpty })
        #expect(Self.answers(chat.heard.all).map(\.content) == ["quick"])
        for _ in 0..<6_000 where shop.runs(child) { try await Task.sleep(for: .milliseconds(10)) }
        #expect(!shop.runs(child))
        #expect(rig.ears.warnings == [])
        await rig.end()
        await peer.stop()
    }

    @Test("a tool without a command is answered by commands")
    func byCommand() async throws {
        let peer = try await Peer.start { chat in
            await chat.greet()
            await chat.say(call("ask", "1"))
            await chat.listen()
        }
        let rig = try Rig(peer) { $0.tools = [spec("ask")] }
        try #require(await rig.ears.hear("tool_call"))
        await rig.command(.toolResponse(id: "other", content: "nobody asked"))
        await rig.command(.toolResponse(id: "1", content: "by hand"))
        await rig.command(.toolError(id: "1", error: "twice", content: nil))
        let chat = peer.chats.all[0]
        try #require(await chat.heard.wait { !Self.answers($0).isEmpty })
        await rig.end()
        #expect(Self.answers(chat.heard.all).map(\.content) == ["by hand"])
        await peer.stop()
    }
}
