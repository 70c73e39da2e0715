internal import Glibc
internal import SyrinxCore
internal import SyrinxNet

/// The other side of a load measurement where the emulator would be the bottleneck: takes any number of sessions, listens
/// to none, and says to each two seconds of sound every five, in pieces of 200 ms at twice the pace of the clock.
enum Peer {
    static func serve(port: Int) async throws {
        let sound = (0..<96_000).map { Int16(8_000 * ($0 / 120 % 2) - 4_000) }
        let sentences = (0..<64).map { Messages.speech(id: "m\($0)", sound, piece: 9_600) }
        let server = try await NetServer.start(port: port) { _ in
            .webSocket { socket in
                async let reading: Void = { for await _ in socket.messages {} }()
                do {
                    try await socket.send(text: Messages.metadata)
                    var next = ContinuousClock.now + .milliseconds(Int.random(in: 500..<5_500))
                    for sentence in sentences {
                        for message in sentence {
                            try await Task.sleep(until: next)
                            try await socket.send(text: message)
                            next += .milliseconds(100)
                        }
                        try await socket.send(text: Messages.end)
                        next += .milliseconds(3_900)
                    }
                } catch {}  // The client has gone.
                await reading
            }
        }
        print("ws://127.0.0.1:\(server.port)")
        fflush(nil)
        while true { try await Task.sleep(for: .seconds(3_600)) }
    }
}
