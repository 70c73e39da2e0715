import CommandTestKit
import Foundation
import Synchronization
import Testing

/// Runs of the command side by side: each waits on a thread of its own, a few at a time, so that none starves the others.
enum Rehearsed {
    private static let slots = Slots(4)

    /// Runs the command to its end. One that hangs is ended after a minute, which its code tells: 124.
    static func run(
        _ arguments: [String], in folder: URL, environment: [String: String] = [:]
    ) async throws -> Command.Outcome {
        await slots.take()
        defer { slots.leave() }
        return try await apart {
            try Command.run(
                "/usr/bin/env", ["timeout", "-k", "5", "60", Command.path] + arguments, in: folder,
                environment: environment)
        }
    }

    /// Does what blocks away from the threads that all tests share.
    static func apart<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result(catching: body)) }
        }
    }

    /// Calls the body with a new folder that is removed afterwards.
    static func withFolder<T>(_ body: (URL) async throws -> T) async throws -> T {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("syrinx-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try await body(folder)
    }

    static func pipeline(_ name: String) -> String {
        Command.package.appendingPathComponent("pipelines/\(name).json").path
    }

    /// What somebody says, as `question.wav`: quiet, then 0.8 s of a voice-like sound, mono at 48 kHz. And what scenarios
    /// play: `half.wav` and `two.wav`, so many seconds of ``sine(seconds:)``.
    static func makeSounds(in folder: URL) throws {
        let voice = (0..<48_000).map { frame -> Int16 in
            let seconds = Double(frame) / 48_000
            guard seconds > 0.2 else { return 0 }
            let syllable = abs(sin(2 * .pi * 2.5 * seconds)).squareRoot()
            return Int16(9_000 * syllable * (sin(2 * .pi * 180 * seconds) + 0.4 * sin(2 * .pi * 900 * seconds)))
        }
        let files = [("question", voice), ("half", sine(seconds: 0.5)), ("two", sine(seconds: 2))]
        for (name, samples) in files {
            try Wave.s16(rate: 48_000, channels: [samples]).write(to: folder.appendingPathComponent("\(name).wav"))
        }
    }

    /// The height of the sine, where full scale is 1.
    static let height: Float = 8_000 / 32_768
    /// 480 Hz, 100 samples a period, which comes and goes within 10 ms.
    static func sine(seconds: Double) -> [Int16] {
        let count = Int(seconds * 48_000)
        return (0..<count).map { frame in
            let edge = min(1, Double(min(frame, count - 1 - frame)) / 480)
            return Int16((8_000 * (0.5 - 0.5 * cos(.pi * edge)) * sin(2 * .pi * Double(frame) / 100)).rounded())
        }
    }

    /// The sharpest bend (second difference) that the sine makes by itself, and where a fade of 5 ms begins or ends; a
    /// tenth more, for its own edges and roundings. Where it breaks off, be it at zero, the bend is 6 to 100 times that.
    static let sharpest: Float = {
        let (turn, fade): (Float, Float) = (2 * .pi / 100, 1 / 240)
        return height * (turn * turn + 2 * turn * fade + fade) * 1.1
    }()
}

/// Lets so many in at a time.
private final class Slots: Sendable {
    private let state: Mutex<(free: Int, waiting: [CheckedContinuation<Void, Never>])>

    init(_ count: Int) { state = Mutex((count, [])) }

    func take() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if state.free == 0 {
                    state.waiting.append(continuation)
                    return false
                }
                state.free -= 1
                return true
            }
            if isFree { continuation.resume() }
        }
    }

    func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if state.waiting.isEmpty {
                state.free += 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}

/// What `pipelines/evi-file-to-file.json` left of a conversation with the emulator.
struct Talk: Sendable {
    let outcome: Command.Outcome
    /// What EVI said, sample by sample; nil without a tape.
    let answer: [Float]?
    let events: [[String: String]]
    /// The report's figures of the session, numbers as numbers.
    let figures: [String: String]

    /// Runs it in a folder with a question and the sounds that the scenario plays.
    init(scenario: String, sets: [String] = [], options: [String] = []) async throws {
        self = try await Rehearsed.withFolder { folder in
            try Rehearsed.makeSounds(in: folder)
            let text = "{\"syrinx_scenario\": 1, \"end_of_turn_silence_ms\": 300, \(scenario)}"
            try Data(text.utf8).write(to: folder.appendingPathComponent("scenario.json"))
            let sets = ["evi.linger_s=0.3", "evi.answer_wait_s=4", "tape.subtype=f32"] + sets
            let outcome = try await Rehearsed.run(
                [
                    "run", Rehearsed.pipeline("evi-file-to-file"), "--var", "in=question.wav", "--var",
                    "out=answer.wav",
                    "--var", "log=log.jsonl", "--emulate", "--scenario", "scenario.json", "--report", "report.json",
                ] + sets.flatMap { ["--set", $0] } + options, in: folder)
            return try Talk(outcome, in: folder)
        }
    }

    private init(_ outcome: Command.Outcome, in folder: URL) throws {
        self.outcome = outcome
        let tape = folder.appendingPathComponent("answer.wav")
        answer = FileManager.default.fileExists(atPath: tape.path) ? try FloatWave.read(tape)[1] : nil
        let log = (try? String(contentsOf: folder.appendingPathComponent("log.jsonl"), encoding: .utf8)) ?? ""
        events = try log.split(separator: "\n").map { line in
            Self.words(try JSONSerialization.jsonObject(with: Data(line.utf8)))
        }
        let report = try? JSONSerialization.jsonObject(
            with: Data(contentsOf: folder.appendingPathComponent("report.json")))
        let nodes = (report as? [String: Any])?["nodes"] as? [String: Any]
        figures = Self.words(nodes?["evi"])
    }

    private static func words(_ value: Any?) -> [String: String] {
        (value as? [String: Any] ?? [:]).mapValues { "\($0)" }
    }

    func figure(_ name: String) -> Int { figures[name].flatMap { Int($0) } ?? -1 }
    func count(_ event: String) -> Int { events.count { $0["event"] == event } }

    /// Frames of the answer in which something sounds.
    var sounding: Int { answer?.count { abs($0) > 1e-6 } ?? 0 }
    /// The sharpest bend of the answer: how much the step from sample to sample changes. A click is one.
    var bend: Float {
        guard let answer, answer.count > 2 else { return .infinity }
        var sharpest: Float = 0
        for index in 2..<answer.count {
            let (last, step) = (answer[index - 1] - answer[index - 2], answer[index] - answer[index - 1])
            sharpest = max(sharpest, abs(step - last))
        }
        return sharpest
    }
    /// What to show where an expectation fails.
    var comment: Comment {
        "\(outcome.code) bend \(bend) sounding \(sounding) \(outcome.diagnostics)\n\(figures)\n\(events.map { $0["event"] ?? "?" })"
    }
}
