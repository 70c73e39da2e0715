internal import EVIPlugin
internal import SyrinxClocks
internal import SyrinxConfig
internal import SyrinxCore
internal import SyrinxGraph
internal import SyrinxHost
internal import SyrinxNet
internal import SyrinxRealtime

/// The three latencies of a session, measured on samples: the node in a pipeline under the timer, and a peer on loopback in
/// the same process, so that both read one clock.
struct Latency: Sendable {
    let seconds: Int
    let blockFrames: Int
    /// Frames of a piece of speech. Pieces of less than 100 ms are sent at the pace of the clock, longer ones at once.
    let pieceFrames: Int

    /// What the peer saw, ns of the clock.
    struct Seen: Sendable {
        var pieces: [(time: Int64, frame: Int)] = []
        var speeches: [Int64] = []
        var interruptions: [Int64] = []
    }

    private static let buffer = 60
    private static let fade = 20

    func run() async throws {
        let clock = TickClock.shared
        let seen = Locked(Seen())
        let server = try await NetServer.start { _ in
            .webSocket { socket in
                async let reading: Void = {
                    for await message in socket.messages {
                        guard case .binary(let bytes) = message else { continue }
                        let now = clock.now()
                        if let frame = Self.firstFrame(bytes) { seen.withLock { $0.pieces.append((now, frame)) } }
                    }
                }()
                try? await socket.send(text: Messages.metadata)
                await talk(socket, clock, seen)
                await reading
            }
        }
        let (heard, spoken) = (Marks(room: 1 << 20), Marks(room: 1 << 20))
        var registry = NodeRegistry()
        try registry.register(EVIPlugin.self)
        try registry.register(NodeType(MarkedMicrophone.descriptor) { _ in MarkedMicrophone(marks: spoken) })
        try registry.register(NodeType(MarkedSpeaker.descriptor) { _ in MarkedSpeaker(marks: heard) })
        let text = """
            { "syrinx": 1, "engine": { "block_frames": \(blockFrames) },
              "nodes": { "mic": { "type": "marked.microphone" }, "speaker": { "type": "marked.speaker" },
                "evi": { "type": "evi", "api_key": "k", "base_url": "ws://127.0.0.1:\(server.port)",
                  "playback_buffer_ms": \(Self.buffer), "fade_ms": \(Self.fade) } },
              "links": ["mic -> evi -> speaker"] }
            """
        let read = DocumentReader.read(Array(text.utf8), named: "latency.json", Lookup(.run, variables: [:]))
        let (checked, faults) = PipelineChecker(registry: registry).check(read.document)
        guard let checked else { throw faults.first?.error ?? PipelineError(.invalidGraph, "no pipeline") }
        let (prepared, refusals) = try Run.prepare(
            checked, registry: registry, options: .init(duration: Rational(Int128(seconds))))
        guard let prepared else { throw refusals.first?.error ?? PipelineError(.invalidGraph, "no run") }
        let report = try await prepared.executeApart()
        await server.stop()
        tell(seen.withLock { $0 }, spoken.all, heard.all, report)
    }

    /// Speaks, is interrupted, and begins again, at changing places of the cycle.
    private func talk(_ socket: WebSocket, _ clock: TickClock, _ seen: Locked<Seen>) async {
        let speech = [Int16](repeating: 9_000, count: 38_400)
        var round = 0
        do {
            try await Task.sleep(for: .milliseconds(700))
            while true {
                round += 1
                let messages = Messages.speech(id: "m\(round)", speech, piece: pieceFrames)
                try await socket.send(text: messages[0])
                let start = ContinuousClock.now
                seen.withLock { $0.speeches.append(clock.now()) }
                let isPaced = pieceFrames < 4_800
                let until = start + .milliseconds(240) + .microseconds(Int.random(in: 0..<20_000))
                for (index, message) in messages.dropFirst().enumerated() {
                    if isPaced {
                        let due = start + .microseconds(index * pieceFrames * 1_000 / 48)
                        if due > until { break }
                        try await Task.sleep(until: due, tolerance: .zero)
                    }
                    try await socket.send(text: message)
                }
                try await Task.sleep(until: until, tolerance: .zero)
                seen.withLock { $0.interruptions.append(clock.now()) }
                try await socket.send(text: Messages.interruption)
                try await socket.send(text: Messages.end)
                try await Task.sleep(for: .milliseconds(150) + .microseconds(Int.random(in: 0..<20_000)))
            }
        } catch {}  // The session has gone: the run is over.
    }

    /// The frame of the microphone at which a piece begins; nil: it is filled with silence.
    private static func firstFrame(_ bytes: [UInt8]) -> Int? {
        func sample(_ k: Int) -> Int { Int(bytes[2 * k]) | Int(bytes[2 * k + 1]) << 8 }
        let count = bytes.count / 2
        guard count > 48, sample(0) != 0 else { return nil }
        let same = (0..<48).prefix { sample($0) == sample(0) }.count
        return (sample(0) - 1) * 48 + 48 - same
    }

    private func tell(_ seen: Seen, _ spoken: [Marks.Entry], _ heard: [Marks.Entry], _ report: RunReport) {
        let cycle = Double(blockFrames) / 48
        print("cycle \(Self.short(cycle)) ms, speech in pieces of \(pieceFrames / 48) ms, \(report.frames / 48_000) s")
        // A sample was spoken so long before its cycle as frames follow it there.
        var microphone: [Double] = []
        for piece in seen.pieces {
            guard let block = Self.block(of: piece.frame, in: spoken) else { continue }
            let age = Double(block.frame + block.count - piece.frame) / 48
            microphone.append(Double(piece.time - block.time) / 1e6 + age)
        }
        Self.tell("microphone sample to socket", microphone, aim: 25)
        let (onsets, ends) = Self.turns(heard)
        let began = seen.speeches.compactMap { said in
            onsets.first { $0 > said }.map { Double($0 - said) / 1e6 }
        }
        Self.tell("speech on socket to first sample", began, aim: cycle + Double(Self.buffer))
        let ended = seen.interruptions.compactMap { told in
            ends.first { $0 > told }.map { Double($0 - told) / 1e6 }
        }
        Self.tell("interruption to silence", ended, aim: cycle + Double(Self.fade))
    }

    private static func block(of frame: Int, in blocks: [Marks.Entry]) -> Marks.Entry? {
        var (low, high) = (0, blocks.count)
        while low < high {
            let middle = (low + high) / 2
            if blocks[middle].frame + blocks[middle].count <= frame { low = middle + 1 } else { high = middle }
        }
        return low < blocks.count ? blocks[low] : nil
    }

    /// When sound began and ended: what lies closer together than 60 ms is one.
    private static func turns(_ blocks: [Marks.Entry]) -> (onsets: [Int64], ends: [Int64]) {
        var (onsets, ends): ([Int64], [Int64]) = ([], [])
        var last: (frame: Int, time: Int64)?
        for block in blocks where block.first >= 0 {
            if let known = last, block.frame + block.first - known.frame <= 2_880 {
            } else {
                if let last { ends.append(last.time) }
                onsets.append(block.time + Int64(Double(block.first) * 1e6 / 48))
            }
            last = (block.frame + block.last, block.time + Int64(Double(block.last) * 1e6 / 48))
        }
        if let last { ends.append(last.time) }
        return (onsets, ends)
    }

    private static func tell(_ name: String, _ values: [Double], aim: Double) {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return print("\(name): nothing was measured") }
        func part(_ share: Double) -> String { short(sorted[Int(share * Double(sorted.count - 1) + 0.5)]) }
        let spread = "median \(part(0.5)), p99 \(part(0.99)), max \(part(1)) ms"
        print("\(name): n \(sorted.count), \(spread); aim \(short(aim)) ms")
    }

    private static func short(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
}
