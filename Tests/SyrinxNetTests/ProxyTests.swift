import NetTestKit
import Testing

@testable import SyrinxNet

@Suite("HTTP proxy", .serialized, .timeLimit(.minutes(3)))
struct ProxyTests {
    @Test("a WebSocket and a request go through CONNECT, and the proxy resolves the name")
    func connects() async throws {
        let server = try await echoServer(Certificates.shared.get().identity("good"))
        let proxy = try ConnectProxy(target: server.port)
        let settings = try ProxySettings(environment: ["https_proxy": "http://me:se%40cret@127.0.0.1:\(proxy.port)/"])
        let client = try makeClient(proxy: settings)
        let socket = try await client.webSocket("wss://evi.test/chat?api_key=geheim", headers: ["X-Key": "geheim"])
        try await socket.send(text: "through")
        var messages = socket.messages.makeAsyncIterator()
        #expect(await messages.next() == .text("through"))
        await socket.close()
        let head = try await proxy.requests.value()
        #expect(head.hasPrefix("CONNECT evi.test:443 HTTP/1.1\r\n"))
        #expect(head.contains("Host: evi.test:443\r\n"))
        #expect(head.contains("Proxy-Authorization: Basic bWU6c2VAY3JldA==\r\n"))
        #expect(!head.contains("geheim"))
        let answer = try await client.send(HTTPRequest("GET", "https://evi.test/x"))
        #expect(answer.body == Array("/x\n".utf8))
        await server.stop()
    }

    @Test("a proxy's refusal tells its status and never its password", arguments: ["407 Who?", "503 Busy"])
    func refuses(answer: String) async throws {
        let proxy = try ConnectProxy(answer: answer, target: 1)
        let settings = try ProxySettings(environment: ["HTTPS_PROXY": "me:geheim@127.0.0.1:\(proxy.port)"])
        let error = await failure { _ = try await makeClient(proxy: settings).webSocket("wss://evi.test/") }
        #expect(error?.code == .proxy && error?.refusal?.status == Int(answer.prefix(3)))
        #expect(error?.place == "http://127.0.0.1:\(proxy.port)")
        var dumped = ""
        dump(settings, to: &dumped)
        #expect(!"\(error!) \(settings) \(String(reflecting: settings)) \(dumped)".contains("geheim"))
    }

    @Test("a proxy that is silent, gone, or no HTTP is one clear error")
    func broken() async throws {
        let silent = try RawServer { $0.drain() }
        let rubbish = try RawServer { peer in
            _ = peer.readHead()
            peer.write("SSH-2.0-OpenSSH\r\n\r\n")
        }
        func attempt(_ port: Int) async throws -> NetError? {
            let client = try makeClient(
                timeouts: NetTimeouts(proxy: .seconds(2)),
                proxy: ProxySettings(environment: ["all_proxy": "127.0.0.1:\(port)"]))
            return await failure { _ = try await client.webSocket("wss://evi.test/") }
        }
        #expect(try await attempt(silent.port)?.code == .timedOut)
        #expect(try await attempt(rubbish.port)?.code == .malformed)
        let port = silent.port
        silent.stop()
        #expect(try await attempt(port)?.code == .unavailable)
    }

    @Test("a proxy's certificate does not stand for the server's")
    func notTrusted() async throws {
        let server = try await echoServer(Certificates.shared.get().identity("other"))
        let proxy = try ConnectProxy(target: server.port)
        let settings = try ProxySettings(environment: ["https_proxy": "127.0.0.1:\(proxy.port)"])
        let error = await failure { _ = try await makeClient(proxy: settings).webSocket("wss://evi.test/") }
        #expect(error?.code == .untrusted && error?.place == "wss://evi.test:443")
        await server.stop()
    }

    @Test("no_proxy keeps names, their subdomains, addresses, networks, and everything")
    func exceptions() throws {
        func direct(_ exceptions: String, _ host: String) throws -> Bool {
            let settings = try ProxySettings(environment: ["https_proxy": "http://p:3128", "no_proxy": exceptions])
            return settings.proxy(for: host) == nil
        }
        #expect(try !direct("", "api.hume.ai"))
        #expect(try direct("hume.ai", "api.hume.ai") && direct(".hume.ai", "hume.ai"))
        #expect(try direct("a, HUME.AI", "hume.ai"))
        #expect(try !direct("ume.ai", "hume.ai") && !direct("api.hume.ai", "hume.ai"))
        #expect(try direct("*", "x.y") && !direct("*.y", "x.y"))
        #expect(try direct("10.0.0.0/8,fd00::/8", "10.9.8.7") && direct("10.0.0.0/8,fd00::/8", "fd12::1"))
        #expect(try !direct("10.0.0.0/9", "10.128.0.1") && direct("192.0.2.7", "192.0.2.7"))
        #expect(try !direct("10.0.0.0/99,/,1/", "10.0.0.1"))
        // This machine is never asked of a proxy.
        #expect(try direct("", "localhost") && direct("", "127.0.0.1") && direct("", "::1"))
    }

    @Test("the environment is read as curl reads it")
    func environment() throws {
        func proxy(_ environment: [String: String]) throws -> String {
            try ProxySettings(environment: environment).proxy(for: "x")?.place ?? "none"
        }
        #expect(try proxy([:]) == "none")
        #expect(try proxy(["http_proxy": "a"]) == "none")
        #expect(try proxy(["https_proxy": "a", "HTTPS_PROXY": "b", "all_proxy": "c"]) == "http://a:1080")
        #expect(try proxy(["https_proxy": "", "HTTPS_PROXY": "b:8"]) == "http://b:8")
        #expect(try proxy(["ALL_PROXY": "http://[::1]:8/"]) == "http://[::1]:8")
        for wrong in ["socks5://a", "https://a", "http://", "http://a:b:c", "u:geheim@:1"] {
            #expect { try ProxySettings(environment: ["https_proxy": wrong]) } throws: {
                ($0 as? NetError)?.code == .invalidArgument && !"\($0)".contains("geheim")
            }
        }
    }
}
