import Foundation
import SyrinxCore
import SyrinxEVI
import SyrinxTestKit
import Testing

/// Hours of session under a scripted server that does what servers do, good and bad, in random order.
///
/// The clock is simulated; nothing sleeps. The short form runs two hours a seed, with `SYRINX_LONG` a thousand in all.
@Suite("EVI over weeks", .serialized)
struct SoakTests {
    static let isLong = ProcessInfo.processInfo.environment["SYRINX_LONG"] == "1"
    static let seeds: ClosedRange<UInt64> = isLong ? 1...10 : 1...2
    static let hours = isLong ? 100 : 2

    @Test("no fault, in whatever order, loses a word beyond the bound, sticks, or grows", arguments: seeds)
    func soak(seed: UInt64) {
        var world = SoakWorld(seed: seed, hours: Self.hours)
        world.run()
        #expect(world.faults == [])
        let figures = world.stage.session.figures
        if Self.isLong {
            // Flat: what a tenth of the time had taken is what the whole takes, give or take the transcript.
            let growth = world.memory.last! - world.memory[0]
            #expect(growth < 16 << 20, "from \(world.memory[0]) to \(world.memory.last!) bytes")
        }
        // The script did what it says.
        #expect(figures.chats > 3 && figures.rollOvers > 0 && figures.losses > 0)
        #expect(world.stage.session.microphoneFigures.sentPieces > Self.hours * 90_000)
        #expect(world.answersHeard > 10)
    }
}

/// The server, the user, the loudspeaker and the network of ``SoakTests``.
struct SoakWorld {
    var stage: Stage
    var faults: [String] = []
    var answersHeard = 0
    /// Memory of this process, as the system counts it, from a tenth of the time on.
    var memory: [Int] = []
    private var random: SeededRandom
    private let end: Moment
    private var isOpen = false
    private var isBusy = false
    /// The socket that is open or opening, as the server sees it.
    private var socket = 0
    private var nextEvent: Moment
    private var answer: (id: String, index: Int, left: Int, next: Moment)?
    private var playing: (serial: Int, frames: Int, ends: Moment)?
    private var chatCount = 0
    private var answerCount = 0
    private var fed = 0
    private var sinceLive: Moment
    private let block = 1_600  // 100 ms at 16 kHz

    init(seed: UInt64, hours: Int) {
        stage = Stage(
            options {
                $0.maxAttempts = nil
                $0.budget = nil
                $0.onIdle = .sleep
                $0.wakeLevel = -20
                $0.tools = [TurnTests.lamp]
                $0.isHalfDuplex = seed % 2 == 0
            })
        random = SeededRandom(seed: seed &* 77)
        stage.random = SeededRandom(seed: seed)
        end = stage.now + .seconds(3_600 * hours)
        nextEvent = stage.now
        sinceLive = stage.now
    }

    private static var residentBytes: Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4_096
    }

    mutating func run() {
        let start = stage.now
        var look = start + (end - start) / 10
        defer { memory.append(Self.residentBytes) }
        perform(stage.feed(.start))
        while stage.now < end, faults.isEmpty {
            if stage.now >= look {
                memory.append(Self.residentBytes)
                look += (end - start) / 10
            }
            let next = stage.now + .milliseconds(100)
            while let deadline = stage.session.deadline, deadline < next {
                stage.now = max(stage.now, deadline)
                perform(stage.feed(.tick))
                if stage.session.deadline == deadline, deadline <= stage.now, !settlesWithin(8) {
                    faults.append("stuck at a deadline \(deadline) in \(stage.session.isLive)")
                    return
                }
            }
            stage.now = next
            (wasAsleep, wasOut) = (stage.session.isAsleep, !stage.session.isLive && !stage.session.isAsleep)
            perform(stage.feed(.microphone([Int16](repeating: level(), count: block))))
            fed += block
            serve()
            listen()
            if stage.session.isEnded { return }
            check()
            stage.done.removeAll(keepingCapacity: true)
        }
    }

    private mutating func settlesWithin(_ ticks: Int) -> Bool {
        for _ in 0..<ticks {
            let before = stage.session.deadline
            perform(stage.feed(.tick))
            if stage.session.deadline != before { return true }
        }
        return false
    }

    /// Mostly silence, at times a voice.
    private mutating func level() -> Int16 { chance(0.05) ? 8_000 : 20 }
    private mutating func chance(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &random) < probability
    }

    // MARK: The session's wishes

    private mutating func perform(_ actions: [SessionAction]) {
        for action in actions {
            switch action {
            case .connect(let attempt, let request):
                if isOpen { faults.append("a second socket while one is open") }
                socket = attempt
                if chatCount > 0, request.query.allSatisfy({ $0.name != "resumed_chat_group_id" }), !groupLost {
                    faults.append("a connection without its group")
                }
                greet()
            case .send(let attempt, let frame):
                if attempt != socket || !isOpen { faults.append("a frame for a socket that is not open") }
                if case .binary(let bytes) = frame, bytes.count != 640 {
                    faults.append("a piece of \(bytes.count) bytes")
                }
            case .close(let attempt, _, _):
                if attempt == socket, isOpen {
                    isOpen = false
                    // A peer that answers at once, or never.
                    if chance(0.8) { perform(stage.socket(.closed(code: 1000, reason: ""))) }
                }
            case .abandon(let attempt): if attempt == socket { isOpen = false }
            case .drop: playing = nil
            case .end(let reason):
                // Only what the script does may end it.
                faults.append("an end: \(reason)")
            case .runTool(let call):
                if chance(0.7) { perform(stage.feed(.command(.toolResponse(id: call.id, content: "done")))) }
            case .fetchToken, .play, .playOut, .breakOff, .cancelTool, .event: break
            }
        }
    }
    private var groupLost = false

    private mutating func greet() {
        switch Int.random(in: 0..<20, using: &random) {
        case 0: perform(stage.socket(.failed(TransportFailure(.unreachable, "no route"))))
        case 1: perform(stage.socket(.refused(status: 503, retryAfter: nil)))
        case 2: break  // no answer at all
        case 3:
            isOpen = true
            perform(stage.socket(.opened))  // and no chat_metadata
        case 4 where chatCount > 0 && !groupLost:
            isOpen = true
            groupLost = true
            perform(stage.socket(.opened))
            perform(stage.error("E0708"))
            isOpen = false
            perform(stage.close(1000))
        default:
            isOpen = true
            chatCount += 1
            groupLost = false
            answer = nil
            perform(stage.greet(chat: "chat-\(chatCount)", group: "group"))
        }
    }

    // MARK: The server

    private mutating func serve() {
        speak()
        guard stage.session.isLive, isOpen, stage.now >= nextEvent else { return }
        nextEvent = stage.now + .seconds(Double.random(in: 1...60, using: &random))
        switch Int.random(in: 0..<40, using: &random) {
        case 0: drop(1006)
        case 1: drop([1001, 1011, 1012, 1013].randomElement(using: &random)!)
        case 2:
            perform(stage.error(["I0100", "I0118", "I9999"].randomElement(using: &random)!))
            drop(1011)
        case 3 where chance(0.3):
            perform(stage.error("E0715"))
            drop(1000)
        case 4 where chance(0.3):
            perform(stage.error("E0714"))
            drop(1000)
        case 5: perform(stage.error("E0712"))
        case 6: perform(stage.hear(text: ["{", "[]", #"{"type":"dance"}"#, "\u{0}"].randomElement(using: &random)!))
        case 7: perform(stage.socket(.binary(byteCount: 5)))
        case 8...9:
            isBusy.toggle()
            perform(stage.socket(.writable(!isBusy)))
        case 10: perform(stage.feed(.command(chance(0.5) ? .pause : .resume)))
        case 11: perform(stage.feed(.command(.mute(chance(0.5)))))
        case 12...15:
            perform(stage.hear(TurnTests.call("call-\(fed)", chance(0.8) ? "lamp" : "hal")))
        case 16...18: perform(stage.hear(.userInterruption(UserInterruption(time: nil))))
        case 19: perform(stage.feed(.command(.say("Hello."))))
        default:
            perform(stage.hear(.userMessage(UserMessage("Words.", time: 0...1))))
            answerCount += 1
            answer = ("a\(answerCount)", 0, Int.random(in: 1...80, using: &random), stage.now)
            perform(stage.hear(.assistantMessage(AssistantMessage("Answer.", id: "a\(answerCount)"))))
        }
    }

    private mutating func drop(_ code: Int) {
        isOpen = false
        isBusy = false
        perform(stage.close(code))
    }

    /// Speech faster than real time, with a piece missing or out of order now and then.
    private mutating func speak() {
        guard isOpen, stage.session.isLive, var current = answer else { return }
        for _ in 0..<4 where current.left > 0 {
            if !chance(0.01) { perform(stage.hear(speech(current.id, current.index, frames: 240, rate: 2_400 * 10))) }
            (current.index, current.left) = (current.index + 1, current.left - 1)
        }
        answer = current
        if current.left == 0 {
            answer = nil
            perform(stage.hear(.assistantEnd()))
        }
    }

    // MARK: The loudspeaker

    private mutating func listen() {
        let limit = stage.now
        while true {
            if let (serial, frames, ends) = playing {
                if ends > limit { return }
                playing = nil
                let actions = stage.feed(.played(serial: serial, frames: frames))
                if actions.contains(.event(.playbackFinished)) { answersHeard += 1 }
                perform(actions)
            }
            guard let audio = stage.session.takeAudio(upTo: 100_000) else { return }
            playing = (
                audio.serial, audio.samples.count,
                limit + .seconds(Double(audio.samples.count) / Double(audio.sampleRate))
            )
        }
    }

    // MARK: What must hold

    private mutating func check() {
        let session = stage.session
        let figures = session.microphoneFigures
        // Every sample is sent, waits, is counted as lost, or was slept through; zeros come on top.
        let taken = figures.takenSamples + figures.zeroSamples
        let left = figures.sentPieces * 320 + figures.lateSamples + figures.outageSamples + session.waitingMicrophone
        if taken != left { faults.append("\(taken) samples went in, \(left) are accounted for") }
        if wasAsleep { sleptSamples += block }
        if figures.takenSamples + sleptSamples != fed {
            faults.append("\(fed) samples were fed, \(figures.takenSamples) taken, \(sleptSamples) slept through")
        }
        // What is lost is no more than what was said while there was no chat.
        if wasOut { outSamples += block }
        if figures.outageSamples > outSamples + 131_072
            * (stage.session.figures.losses + stage.session.figures.rollOvers + 1)
        {
            faults.append("\(figures.outageSamples) samples lost in \(outSamples) samples of outage")
        }
        if session.isLive || session.isAsleep { sinceLive = stage.now }
        // No state sticks: some attempt must succeed within the back-off's sum of chances.
        if stage.now - sinceLive > .seconds(1_200) { faults.append("no chat for 20 minutes") }
        if session.waitingSpeech > .seconds(600) { faults.append("the queue grows") }
        if session.transcript.lines.count > 2 * Transcript.limit { faults.append("the transcript grows") }
        if session.isLive, session.deadline == nil, !isBusy { faults.append("a live chat without a deadline") }
    }
    private var sleptSamples = 0
    private var outSamples = 0
    /// As it was when the last samples came.
    private var wasAsleep = false
    private var wasOut = false
}
