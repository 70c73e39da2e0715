/// EVI's speech on its way to the listener: in order, without gaps, and gone at a word.
///
/// Pieces come in as whole WAV files with a segment's id and a place in it; samples leave by ``take(upTo:)`` in the order
/// in which they are to be heard, and the renderer tells by ``advance(to:frames:)`` how far it has handed them on.
/// Segments play in the order in which their first piece came. A piece that is out of turn waits for those before it,
/// but no longer than ``Limits/gap``; then what is missing is skipped and counted.
///
/// - Units: times on the session's clock; frames at the piece's own rate.
/// - Thread: control; a value.
/// - Source: protocol 5.2, 5.3.
package struct PlaybackQueue: Sendable {
    package struct Limits: Sendable, Hashable {
        /// How long a missing piece is waited for.
        package var gap: Moment = .milliseconds(300)
        /// Samples that may wait; what comes on top is refused and counted. Ten minutes at 48 kHz.
        package var samples = 600 * 48_000
        /// Pieces of one segment that may wait for an earlier one.
        package var early = 64
        /// Ids of dropped segments that are remembered.
        package var droppedIDs = 1024
        /// Samples of dropped speech that are kept for ``takeDropped(upTo:)``; 0: none.
        package var droppedSamples = 0

        package init() {}
    }

    /// What went wrong on the way, by count.
    package struct Figures: Sendable, Hashable {
        package var pieces = 0
        package var outOfOrder = 0
        package var skipped = 0
        package var repeated = 0
        package var refused = 0
        /// Pieces of segments that had been dropped, or that had given way to the next.
        package var late = 0
        package var rateChanges = 0
        package var interruptedSamples = 0
    }

    package enum Outcome: Sendable, Hashable {
        case queued
        /// It waits for an earlier piece.
        case early
        /// Its segment was dropped, or another plays already.
        case late
        case repeated
        /// The queue is full.
        case refused
    }

    /// Samples to hand on, in order.
    package struct Audio: Sendable, Hashable {
        /// Grows by one a piece; names the piece in ``advance(to:frames:)``.
        package let serial: Int
        package let id: String
        package let sampleRate: Int
        package let samples: ArraySlice<Int16>
    }

    package enum Event: Sendable, Hashable {
        /// The first sample of a segment was handed on.
        case began(id: String)
        /// Its last one was.
        case finished(id: String)
        /// The last sample of a whole turn was.
        case turnFinished
    }

    private struct Piece {
        let serial: Int
        let id: String
        let wav: WAVPiece
        var taken = 0
    }

    private struct Segment {
        let id: String
        var nextIndex = 0
        var early: [Int: WAVPiece] = [:]
        /// When what is missing is given up; nil while nothing is.
        var deadline: Moment?
    }

    package let limits: Limits
    package private(set) var figures = Figures()
    /// In the order of their first piece; only the first may put samples in line.
    private var segments = FIFO<Segment>()
    /// Samples in their order, not yet taken.
    private var line = FIFO<Piece>()
    /// Pieces that were taken, in whole or in part, and not yet heard to their end: serial, id, frames.
    private var outside = FIFO<(serial: Int, id: String, frames: Int)>()
    /// What was dropped and may still be taken, for a recording.
    private var tail = FIFO<Piece>()
    private var tailSamples = 0
    private var nextSerial = 0
    private var lastRate: Int?
    private var waitingSamples = 0
    /// What the line holds, in time; looked at in every step of a session, so it is not counted anew.
    private var lineTime = Moment.zero
    /// The ids of this turn, so that an interruption drops those too whose audio is still to come.
    private var turnIDs: [String] = []
    private var droppedOrder = FIFO<String>()
    private var dropped: Set<String> = []
    /// The segment whose first sample was handed on, and whose last one was not.
    package private(set) var soundingID: String?
    private var turnHasEnded = false
    private var turnHasAudio = false

    package init(limits: Limits = Limits()) { self.limits = limits }

    // MARK: In

    /// Tells of a segment whose audio is to come. An interruption will drop it.
    package mutating func announce(_ id: String) {
        if !turnIDs.contains(id) { turnIDs.append(id) }
        if turnIDs.count > limits.droppedIDs { turnIDs.removeFirst() }
    }

    /// Takes in a piece.
    package mutating func add(_ wav: WAVPiece, id: String, index: Int, at now: Moment) -> Outcome {
        figures.pieces += 1
        if dropped.contains(id) {
            figures.late += 1
            keep(Piece(serial: -1, id: id, wav: wav))
            return .late
        }
        guard waitingSamples + wav.samples.count <= limits.samples else {
            figures.refused += 1
            return .refused
        }
        guard let place = segments.firstIndex(where: { $0.id == id }) ?? begin(id) else {
            figures.late += 1
            return .late
        }
        guard index >= segments[place].nextIndex, segments[place].early[index] == nil else {
            figures.repeated += 1
            return .repeated
        }
        announce(id)
        turnHasAudio = true
        turnHasEnded = false
        waitingSamples += wav.samples.count
        let isEarly = index > segments[place].nextIndex
        if isEarly { figures.outOfOrder += 1 }
        segments[place].early[index] = wav
        settle(at: now)
        return isEarly ? .early : .queued
    }

    /// The place of a new segment; nil if the id belongs to one that has given way already.
    private mutating func begin(_ id: String) -> Int? {
        if closed.contains(id) { return nil }
        segments.append(Segment(id: id))
        return segments.count - 1
    }
    /// Ids of the segments of this turn that have given way to the next.
    private var closed: Set<String> = []

    /// Puts in line what has its turn, and sets deadlines for what is missing.
    private mutating func settle(at now: Moment) {
        while let count = segments.first?.early.count, count > limits.early { skip() }
        flow()
        for index in segments.indices {
            if segments[index].early.isEmpty || segments[index].early[segments[index].nextIndex] != nil {
                segments[index].deadline = nil
            } else if segments[index].deadline == nil {
                segments[index].deadline = now + limits.gap
            }
        }
    }

    /// Moves pieces from the first segment into the line; when it has nothing left and another waits, the other begins.
    private mutating func flow() {
        while !segments.isEmpty {
            while let wav = segments[0].early.removeValue(forKey: segments[0].nextIndex) {
                segments[0].nextIndex += 1
                segments[0].deadline = nil
                put(wav, id: segments[0].id)
            }
            guard segments[0].early.isEmpty, segments.count > 1 else { return }
            if let over = segments.popFirst() {
                closed.insert(over.id)
                if closed.count > limits.droppedIDs { closed = [over.id] }
            }
        }
    }

    private mutating func put(_ wav: WAVPiece, id: String) {
        if let lastRate, lastRate != wav.sampleRate { figures.rateChanges += 1 }
        lastRate = wav.sampleRate
        if wav.samples.isEmpty { return }
        line.append(Piece(serial: nextSerial, id: id, wav: wav))
        lineTime += Self.time(wav.samples.count, at: wav.sampleRate)
        nextSerial += 1
    }

    /// Gives up what is missing before the first piece that waits.
    private mutating func skip() {
        guard !segments.isEmpty, let next = segments[0].early.keys.min() else { return }
        figures.skipped += next - segments[0].nextIndex
        segments[0].nextIndex = next
        segments[0].deadline = nil
        flow()
    }

    /// When ``expire(at:)`` has something to do.
    package var deadline: Moment? { segments.isEmpty ? nil : segments[0].deadline }

    /// Skips what has been missing for too long.
    package mutating func expire(at now: Moment) {
        while let deadline, deadline <= now { skip() }
    }

    // MARK: Out

    /// Nothing waits and nothing sounds.
    package var isEmpty: Bool {
        guard line.isEmpty, outside.isEmpty else { return false }
        for index in segments.indices where !segments[index].early.isEmpty { return false }
        return true
    }

    /// Samples can be taken.
    package var isReady: Bool { !line.isEmpty }

    /// How much waits to be taken.
    package var waiting: Moment { line.isEmpty ? .zero : max(.zero, lineTime) }

    private static func time(_ frames: Int, at rate: Int) -> Moment {
        .nanoseconds(frames * 1_000_000_000 / max(1, rate))
    }

    /// The next samples, at most `count`, all of one piece.
    package mutating func take(upTo count: Int) -> Audio? {
        guard !line.isEmpty, count > 0 else { return nil }
        let piece = line[0]
        let start = piece.taken
        let end = min(piece.wav.samples.count, start + count)
        if start == 0 { outside.append((piece.serial, piece.id, piece.wav.samples.count)) }
        line[0].taken = end
        waitingSamples -= end - start
        lineTime -= Self.time(end - start, at: piece.wav.sampleRate)
        if end == piece.wav.samples.count { _ = line.popFirst() }
        if line.isEmpty { lineTime = .zero }
        return Audio(
            serial: piece.serial, id: piece.id, sampleRate: piece.wav.sampleRate,
            samples: piece.wav.samples[start..<end])
    }

    /// Tells that all before `frames` of piece `serial` has been handed on. Serials that were dropped do nothing.
    package mutating func advance(to serial: Int, frames: Int) -> [Event] {
        var events: [Event] = []
        while let first = outside.first, first.serial <= serial {
            if first.serial == serial, frames <= 0 { break }
            if soundingID != first.id {
                if let over = soundingID { events.append(.finished(id: over)) }
                events.append(.began(id: first.id))
                soundingID = first.id
            }
            if first.serial == serial, frames < first.frames { break }
            _ = outside.popFirst()
        }
        return events + finish()
    }

    /// EVI has sent its whole turn.
    package mutating func endTurn() -> [Event] {
        turnHasEnded = true
        return finish()
    }

    /// What is over once nothing is left.
    private mutating func finish() -> [Event] {
        guard turnHasEnded, isEmpty else { return [] }
        var events: [Event] = []
        if let over = soundingID { events.append(.finished(id: over)) }
        if turnHasAudio { events.append(.turnFinished) }
        forgetTurn()
        return events
    }

    private mutating func forgetTurn() {
        soundingID = nil
        turnIDs = []
        turnHasAudio = false
        turnHasEnded = false
    }

    // MARK: Dropping

    /// Drops all that waits and sounds; pieces of these segments that are still to come will not be heard.
    ///
    /// - Returns: the ids that were dropped.
    package mutating func interrupt() -> [String] {
        var ids = turnIDs
        for segment in segments where !ids.contains(segment.id) { ids.append(segment.id) }
        for id in ids where dropped.insert(id).inserted {
            droppedOrder.append(id)
            if droppedOrder.count > limits.droppedIDs, let oldest = droppedOrder.popFirst() { dropped.remove(oldest) }
        }
        figures.interruptedSamples += waitingSamples
        keepAll()
        line.removeAll()
        lineTime = .zero
        outside.removeAll()
        waitingSamples = 0
        segments.removeAll()
        forgetTurn()
        return ids
    }

    /// The next samples of what was dropped last, and of what came late for it; at most `count`, all of one piece.
    package mutating func takeDropped(upTo count: Int) -> Audio? {
        guard !tail.isEmpty, count > 0 else { return nil }
        let piece = tail[0]
        let end = min(piece.wav.samples.count, piece.taken + count)
        tail[0].taken = end
        tailSamples -= end - piece.taken
        if end == piece.wav.samples.count { _ = tail.popFirst() }
        return Audio(
            serial: piece.serial, id: piece.id, sampleRate: piece.wav.sampleRate,
            samples: piece.wav.samples[piece.taken..<end])
    }

    /// What was dropped is not wanted any more.
    package mutating func forgetDropped() {
        tail.removeAll()
        tailSamples = 0
    }

    /// Keeps what waits, in the place of what was kept before.
    private mutating func keepAll() {
        if limits.droppedSamples == 0 || line.isEmpty && segments.allSatisfy({ $0.early.isEmpty }) { return }
        forgetDropped()
        for piece in line { keep(piece) }
        for segment in segments {
            for (_, wav) in segment.early.sorted(by: { $0.key < $1.key }) {
                keep(Piece(serial: -1, id: segment.id, wav: wav))
            }
        }
    }

    private mutating func keep(_ piece: Piece) {
        let count = piece.wav.samples.count - piece.taken
        guard count > 0, tailSamples + count <= limits.droppedSamples else { return }
        tailSamples += count
        tail.append(piece)
    }

    /// Nothing more will come for what is there: the socket is gone. What waits plays to its end, gaps skipped.
    package mutating func seal() -> [Event] {
        while segments.contains(where: { !$0.early.isEmpty }) { skip() }
        return endTurn()
    }
}
