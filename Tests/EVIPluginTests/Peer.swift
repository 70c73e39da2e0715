import SyrinxCore
import SyrinxEVI
import SyrinxNet

/// A server on loopback that plays EVI by a script, and keeps what it was told.
final class Peer: Sendable {
    /// What came in; whoever waits for something is woken by it.
    actor Record {
        private(set) var audio: [UInt8] = []
        private(set) var pieces: [Int] = []
        private(set) var texts: [Value] = []
        private(set) var requests: [NetServer.Request] = []
        private(set) var isClosed = false
        private var waiters: [(isMet: (isolated Record) -> Bool, waiter: CheckedContinuation<Void, Never>)] = []

        func note(_ message: WebSocket.Message) {
            switch message {
            case .binary(let bytes):
                audio += bytes
                pieces.append(bytes.count)
            case .text(let text):
                if let value = try? WireJSON.read(Array(text.utf8)).value { texts.append(value) }
            }
            wake()
        }

        func note(_ request: NetServer.Request) {
            requests.append(request)
            wake()
        }

        func close() {
            isClosed = true
            wake()
        }

        /// Waits for something; a test that waits in vain is ended by its time limit.
        func wait(until isMet: @escaping @Sendable (isolated Record) -> Bool) async {
            if isMet(self) { return }
            await withCheckedContinuation { waiters.append((isMet, $0)) }
        }

        private func wake() {
            let met = waiters.filter { $0.isMet(self) }
            waiters.removeAll { $0.isMet(self) }
            for (_, waiter) in met { waiter.resume() }
        }
    }

    /// One chat, as a script sees it.
    struct Chat: Sendable {
        let socket: WebSocket
        let record: Record

        func send(_ json: String) async { try? await socket.send(text: json) }

        func begin() async {
            await send(#"{"type":"chat_metadata","chat_id":"c-1","chat_group_id":"g-1"}"#)
        }

        func user(_ text: String, scores: String = "{}") async {
            await send(
                #"{"type":"user_message","from_text":false,"interim":false,"time":{"begin":0,"end":400},"#
                    + #""message":{"role":"user","content":"\#(text)"},"models":{"prosody":{"scores":\#(scores)}}}"#)
        }

        /// A sentence and its audio, in pieces.
        func speak(_ id: String, _ samples: [Int16], rate: Int = 48_000, pieces: [Int] = [4_000], ends: Bool = true)
            async
        {
            // All of it is made before it is sent, so that a busy machine does not come between the pieces.
            var messages = [
                #"{"type":"assistant_message","id":"\#(id)","from_text":false,"is_quick_response":false,"#
                    + #""message":{"role":"assistant","content":"So."},"models":{}}"#
            ]
            var start = 0
            var index = 0
            while start < samples.count {
                let count = min(pieces[index % pieces.count], samples.count - start)
                let wav = Self.wav(samples[start..<start + count], rate: rate)
                messages.append(
                    #"{"type":"audio_output","id":"\#(id)","index":\#(index),"data":"\#(Base64.encode(wav))"}"#)
                start += count
                index += 1
            }
            if ends { messages.append(#"{"type":"assistant_end"}"#) }
            for message in messages { await send(message) }
        }

        private static func wav(_ samples: ArraySlice<Int16>, rate: Int) -> [UInt8] {
            func bytes(_ value: Int, _ count: Int) -> [UInt8] {
                (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
            }
            let size = 2 * samples.count
            return Array("RIFF".utf8) + bytes(36 + size, 4) + Array("WAVEfmt ".utf8) + bytes(16, 4) + bytes(1, 2)
                + bytes(1, 2) + bytes(rate, 4) + bytes(2 * rate, 4) + bytes(2, 2) + bytes(16, 2) + Array("data".utf8)
                + bytes(size, 4) + samples.flatMap { bytes(Int($0), 2) }
        }
    }

    let record: Record
    private let server: NetServer

    /// - Parameters:
    ///   - refusal: the status with which every handshake is answered.
    ///   - script: what is said in a chat; the connection stays until the client closes it.
    static func start(
        refusal: Int? = nil, _ script: @escaping @Sendable (Chat) async -> Void = { await $0.begin() }
    ) async throws -> Peer {
        let record = Record()
        let server = try await NetServer.start { request in
            await record.note(request)
            if let refusal { return .response(HTTPResponse(refusal)) }
            return .webSocket { socket in
                async let reading: Void = {
                    for await message in socket.messages { await record.note(message) }
                    await record.close()
                }()
                await script(Chat(socket: socket, record: record))
                await reading
            }
        }
        return Peer(server, record)
    }

    private init(_ server: NetServer, _ record: Record) {
        self.server = server
        self.record = record
    }

    var address: String { "ws://127.0.0.1:\(server.port)" }

    func stop() async { await server.stop() }
}
