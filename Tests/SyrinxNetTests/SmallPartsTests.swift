import NIOCore
import NIOWebSocket
import Testing

@testable import SyrinxNet

@Suite("addresses, dates, encoding, secrets")
struct SmallPartsTests {
    @Test("addresses come apart and back together")
    func addresses() throws {
        func parts(_ text: String) throws -> String {
            let address = try WebAddress(text)
            return "\(address.place) \(address.hostHeader) \(address.target)"
        }
        #expect(try parts("wss://API.hume.ai/v0/evi?x=1#f") == "wss://api.hume.ai:443 api.hume.ai /v0/evi?x=1")
        #expect(try parts("https://h:8443?q") == "https://h:8443 h:8443 /?q")
        #expect(try parts("ws://[::1]:80") == "ws://[::1]:80 [::1] /")
        #expect(try parts("http://127.0.0.7:9/") == "http://127.0.0.7:9 127.0.0.7:9 /")
        for wrong in [
            "wss://h/a b", "wss://h/\r\nX: y", "wss://ü.de/", "wss://[x]/", "wss://[::1/", "wss://h:99999/",
            "wss://h:+1/",
            "ws://10.0.0.1/", "http://localhost.evil.com/", "http://[::ffff:10.0.0.1]/",
        ] {
            #expect(throws: NetError.self, "\(wrong)") { try WebAddress(wrong) }
        }
    }

    @Test("a redirect's target is found from where it stands")
    func following() throws {
        let here = try WebAddress("https://h:8/a/b?c=d")
        func follow(_ location: String) -> String? { here.following(location).map { $0.place + $0.target } }
        #expect(follow("x") == "https://h:8/a/x" && follow("/x?y") == "https://h:8/x?y")
        #expect(follow("?z") == "https://h:8/a/b?z" && follow("//o/x") == "https://o:443/x")
        #expect(follow("https://o/") == "https://o:443/" && follow("http://o/") == nil)
    }

    @Test("Retry-After is read as seconds and as a date")
    func retryAfter() {
        #expect(HTTPDate.secondsUntil("120") == 120)
        #expect(HTTPDate.seconds(of: "Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777)
        #expect(HTTPDate.seconds(of: "Thu, 29 Feb 2024 00:00:00 GMT") == 1_709_164_800)
        #expect(HTTPDate.seconds(of: "Thu, 01 Jan 1970 00:00:00 GMT") == 0)
        #expect(HTTPDate.secondsUntil("Sun, 06 Nov 1994 08:49:37 GMT", now: 784_111_770) == 7)
        #expect(HTTPDate.secondsUntil("Sun, 06 Nov 1994 08:49:37 GMT") == 0)
        #expect(HTTPDate.secondsUntil("99999999") == 86_400)
        for wrong in ["", "-1", "soon", "Sun, 06 Now 1994 08:49:37 GMT", "a b c d e GMT", "1e3", "nan"] {
            #expect(HTTPDate.secondsUntil(wrong) == nil, "\(wrong)")
        }
    }

    @Test("percent-encoding comes back, and broken escapes stay")
    func encoding() {
        let text = "a b&c=d/ü{{x}}%+~"
        #expect(PercentEncoding.encode(text) == "a%20b%26c%3Dd%2F%C3%BC%7B%7Bx%7D%7D%25%2B~")
        #expect(PercentEncoding.decode(PercentEncoding.encode(text)) == text)
        #expect(PercentEncoding.decode("%zz%4") == "%zz%4" && PercentEncoding.decode("%FF") == "\u{FFFD}")
        let pairs = PercentEncoding.pairs(of: "a=1&b&c=x+y&=z&a=2").map { "\($0.name):\($0.value)" }
        #expect(pairs == ["a:1", "b:", "c:x y", ":z", "a:2"])
    }

    @Test("what a server repeats of a request is masked, also where the excerpt cuts it")
    func secrets() throws {
        let address = try WebAddress("wss://h/?access_token=abc%2Fdefgh&verbose=true")
        let secrets = Secrets(of: address, ["Authorization": "Bearer tokentoken"])
        func masked(_ text: String) -> String { secrets.masked(Array(text.utf8)) }
        #expect(masked("true abc/defgh abc%2Fdefgh tokentoken Bearer tokentoken") == "true … … … …")
        let long = String(repeating: "-", count: Secrets.excerpt - 5) + "token"
        #expect(!masked(long).contains("token"))
        #expect(masked("plain") == "plain")
    }

    @Test("headers are alike whatever their case, and never show their values")
    func headers() {
        var headers: HTTPHeaderFields = ["X-Key": "geheim", "Accept": "a"]
        #expect(headers["x-kEY"] == "geheim")
        headers["x-key"] = "geheim2"
        #expect(headers.pairs.count == 2 && headers["X-Key"] == "geheim2")
        var dumped = ""
        dump(HTTPRequest("GET", "https://h/?k=geheim", headers: headers), to: &dumped)
        #expect(!"\(headers) \(String(reflecting: headers)) \(dumped)".contains("geheim"))
    }

    @Test("an inbox hands out what it has before its end, and pauses by bytes")
    func inbox() async throws {
        let inbox = Inbox<Int>(limit: 1_000)
        let resumed = Counter()
        inbox.whenRoom { resumed.add() }
        #expect(!inbox.put(1, bytes: 500) && inbox.put(2, bytes: 500) && !inbox.put(3, bytes: 1))
        inbox.finish(NetError(.lost, "gone"))
        #expect(inbox.isPaused)
        #expect(try await inbox.next() == 1)
        #expect(try await inbox.next() == 2)
        #expect(!inbox.isPaused)
        #expect(try await inbox.next() == 3)
        await #expect(throws: NetError(.lost, "gone")) { _ = try await inbox.next() }
    }

    @Test("frames are made as RFC 6455 lays them out", arguments: [0, 1, 7, 8, 125, 126, 1_923, 65_535, 65_536])
    func frames(count: Int) throws {
        let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 5) }
        let plain = payload.withUnsafeBytes { FrameWriter.frame(.binary, $0, masked: false) }
        #expect(Array(plain.readableBytesView) == frame(0x82, payload))
        let first = payload.withUnsafeBytes { FrameWriter.frame(.text, $0, fin: false, masked: true) }
        let bytes = Array(first.readableBytesView)
        let head = frame(0x01, payload, isMasked: true).count - count
        #expect(Array(bytes[..<(head - 4)]) == Array(frame(0x01, payload, isMasked: true)[..<(head - 4)]))
        let mask = Array(bytes[(head - 4)..<head])
        #expect(zip(bytes[head...], payload).enumerated().allSatisfy { $1.0 == $1.1 ^ mask[$0 & 3] })
        #expect(bytes.count == head + count)
        // Another frame, another mask: one of 2^32.
        let second = payload.withUnsafeBytes { FrameWriter.frame(.text, $0, masked: true) }
        #expect(Array(second.readableBytesView)[(head - 4)..<head] != mask[...])
    }
}
