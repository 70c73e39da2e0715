internal import SyrinxEVI
internal import SyrinxRealtime

/// Makes speech of text: by espeak-ng where that is installed, else by ``FormantVoice``.
///
/// What was said lately is kept, so that a thousand chats that say the same cost one synthesis.
actor SpeechDesk {
    enum Engine: Sendable, Hashable {
        case espeak(path: String)
        case formants
    }

    private struct Key: Hashable {
        let text: String
        let voice: String
        let rate: Int
    }

    private static let keptBytes = 32 << 20
    nonisolated let engine: Engine
    private var kept: [Key: Speech] = [:]
    private var order: [Key] = []
    private var bytes = 0
    private var underWay: [Key: Task<Speech, Never>] = [:]
    /// The last task of each lane; so many programs run at once.
    private var lanes = [Task<Speech, Never>?](repeating: nil, count: 4)
    private var nextLane = 0

    /// - Parameter usesEspeak: false: ``FormantVoice`` in any case, whose samples are the same on every machine.
    init(usesEspeak: Bool) {
        engine = usesEspeak ? ChildProgram.find("espeak-ng").map { .espeak(path: $0) } ?? .formants : .formants
    }

    func speak(_ text: String, voice: String, rate: Int) async -> Speech {
        let key = Key(text: text, voice: voice, rate: rate)
        if let speech = kept[key] { return speech }
        if let task = underWay[key] { return await task.value }
        let (engine, before) = (engine, lanes[nextLane])
        let task = Task {
            _ = await before?.value
            // Synthesis and its waiting have a thread of their own.
            return await withCheckedContinuation { continuation in
                OwnThread.run { continuation.resume(returning: Self.make(text, voice, by: engine).resampled(to: rate)) }
            }
        }
        lanes[nextLane] = task
        nextLane = (nextLane + 1) % lanes.count
        underWay[key] = task
        let speech = await task.value
        underWay[key] = nil
        if kept[key] == nil {
            kept[key] = speech
            order.append(key)
            bytes += 2 * speech.samples.count
            while bytes > Self.keptBytes, order.count > 1 {
                bytes -= 2 * (kept.removeValue(forKey: order.removeFirst())?.samples.count ?? 0)
            }
        }
        return speech
    }

    private static func make(_ text: String, _ voice: String, by engine: Engine) -> Speech {
        if case .espeak(let path) = engine,
            let file = try? ChildProgram.run(
                path, ["--stdout", "--stdin", "-b", "1", "-v", espeakVoice(voice)], input: Array(text.utf8),
                limit: 64 << 20, seconds: 20),
            let piece = try? WAVPiece(reading: file), !piece.samples.isEmpty
        {
            return Speech(rate: piece.sampleRate, samples: piece.samples)
        }
        // Nothing to say, or no help from outside: a voice is heard all the same.
        return FormantVoice(voice: voice).speak(text)
    }

    /// One of espeak's speakers for each voice of ours.
    private static func espeakVoice(_ voice: String) -> String {
        let speakers = ["en-us+f3", "en-gb+m3", "en-us+m1", "en-gb+f2", "en-us+f4", "en-gb+m7", "en-us+m4", "en-us+f1"]
        var random = SeededRandom(seed: 0, voice)
        return speakers[Int(random.next() % UInt64(speakers.count))]
    }
}

/// Work that blocks, off the pool of tasks.
enum OwnThread {
    static func run(_ body: @escaping @Sendable () -> Void) {
        if let thread = try? SystemThread(name: "emulator", run: body) {
            thread.detach()
        } else {
            // No thread to be had: late is better than never.
            body()
        }
    }
}
