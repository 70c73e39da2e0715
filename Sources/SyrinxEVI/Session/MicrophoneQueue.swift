/// The user's voice on its way out: cut into pieces of 20 ms, never stopping, never far behind.
///
/// Samples leave as they come, at most `burst` ahead of real time and then a quarter faster than it; what has to wait is
/// bounded, and the oldest goes first. When no sample came for 40 ms, zeros fill the time that has passed, so that the
/// server's ear stays open.
///
/// - Units: signed 16-bit samples of one channel; times on the session's clock.
/// - Thread: control; a value.
/// - Source: protocol 4.1, 5.7.
package struct MicrophoneQueue: Sendable {
    package static let pieceLength: Moment = .milliseconds(20)
    /// Silence from the source that is waited for before zeros are sent.
    package static let patience: Moment = .milliseconds(40)
    private static let burst: Moment = .milliseconds(500)
    private static let catchUp = 1.25

    package struct Figures: Sendable, Hashable {
        package var takenSamples = 0
        package var sentPieces = 0
        /// Pieces that were filled up with zeros because no sample came, and how many zeros those are.
        package var zeroPieces = 0
        package var zeroSamples = 0
        /// Samples that were dropped because the socket did not take them.
        package var lateSamples = 0
        /// Samples that were captured while there was no chat.
        package var outageSamples = 0
    }

    package let pieceSamples: Int
    private let rate: Int
    private let limit: Int
    package private(set) var figures = Figures()
    private var samples: [Int16] = []
    private var head = 0
    /// Zeros are sent in the place of what comes.
    package var isSilenced = false
    private var isOpen = false
    /// Real time that was sent: the next zero piece would stand here.
    private var coveredUntil = Moment.zero
    private var lastInput = Moment.zero
    /// How much may leave at once; grows with time.
    private var credit = Moment.zero
    private var creditTime = Moment.zero

    package init(rate: Int, backlogBytes: Int) {
        self.rate = rate
        pieceSamples = rate / 50
        limit = max(backlogBytes / 2, pieceSamples)
    }

    /// Samples that wait, the piece that is not yet full included.
    package var waitingSamples: Int { samples.count - head }

    /// Samples for which memory is held.
    package var heldSamples: Int { samples.count }

    /// A chat begins: from here on audio counts.
    package mutating func open(at now: Moment) {
        isOpen = true
        (samples, head) = ([], 0)
        (coveredUntil, lastInput, creditTime) = (now, now, now)
        credit = Self.burst
    }

    /// The chat is over: what waits is dropped.
    package mutating func close() {
        figures.outageSamples += waitingSamples
        isOpen = false
        (samples, head) = ([], 0)
    }

    /// Takes in samples.
    package mutating func add(_ fresh: [Int16], at now: Moment) {
        figures.takenSamples += fresh.count
        guard isOpen else {
            figures.outageSamples += fresh.count
            return
        }
        if fresh.isEmpty { return }
        lastInput = now
        samples += isSilenced ? [Int16](repeating: 0, count: fresh.count) : fresh
        let excess = waitingSamples - limit
        if excess > 0 {
            // Whole pieces, so that the rhythm stays.
            let dropped = min((excess + pieceSamples - 1) / pieceSamples * pieceSamples, waitingSamples)
            head += dropped
            compact()
            figures.lateSamples += dropped
        }
    }

    /// The next piece that is due, as bytes; nil if none is.
    package mutating func next(at now: Moment) -> [UInt8]? {
        guard isOpen else { return nil }
        refill(now)
        if waitingSamples < pieceSamples { pad(now) }
        guard waitingSamples >= pieceSamples, credit >= Self.pieceLength else { return nil }
        credit -= Self.pieceLength
        var bytes: [UInt8] = []
        bytes.reserveCapacity(2 * pieceSamples)
        PCM16.append(samples[head..<head + pieceSamples], to: &bytes)
        head += pieceSamples
        compact()
        figures.sentPieces += 1
        // A source whose clock runs fast must not earn a gap, nor a slow one a burst.
        coveredUntil = min(max(coveredUntil + Self.pieceLength, now - Self.burst), now + Self.pieceLength)
        return bytes
    }

    /// When ``next(at:)`` has a piece if no sample comes before.
    package var deadline: Moment? {
        guard isOpen else { return nil }
        if waitingSamples >= pieceSamples {
            return credit >= Self.pieceLength ? creditTime : creditTime + (Self.pieceLength - credit) / Self.catchUp
        }
        return max(lastInput + Self.patience, coveredUntil + Self.pieceLength)
    }

    /// Cuts off what has left the queue, now and then.
    private mutating func compact() {
        if head == samples.count {
            samples.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 16 * pieceSamples {
            samples.removeFirst(head)
            head = 0
        }
    }

    private mutating func refill(_ now: Moment) {
        guard now > creditTime else { return }
        credit = min(Self.burst, credit + (now - creditTime) * Self.catchUp)
        creditTime = now
    }

    /// Fills a piece up with zeros once the source has been silent for long enough and its time has passed.
    private mutating func pad(_ now: Moment) {
        guard now >= lastInput + Self.patience, now >= coveredUntil + Self.pieceLength else { return }
        let missing = pieceSamples - waitingSamples
        samples += [Int16](repeating: 0, count: missing)
        figures.zeroPieces += 1
        figures.zeroSamples += missing
    }
}

/// How loud samples are.
package enum Loudness {
    /// The largest magnitude, 0…32 768.
    package static func peak(_ samples: [Int16]) -> Int {
        // Highest and lowest apart: the compiler makes eight at once of that, and not of magnitudes.
        var (high, low): (Int16, Int16) = (0, 0)
        samples.withUnsafeBufferPointer { samples in
            for sample in samples {
                high = max(high, sample)
                low = min(low, sample)
            }
        }
        return max(Int(high), -Int(low))
    }

    /// Whether the largest magnitude reaches a level.
    ///
    /// - Units: `threshold` as a magnitude, from ``magnitude(decibels:)``.
    package static func magnitude(decibels: Double) -> Int {
        // 10^(dB/20) by halves and twentieths, so that no C library is needed.
        var value = 32_768.0
        var left = min(0, max(-120, decibels))
        while left <= -20 {
            value /= 10
            left += 20
        }
        while left <= -1 {
            value *= 0.891_250_938_133_745_6
            left += 1
        }
        return Int((value * (1 + left * (1 - 0.891_250_938_133_745_6))).rounded())
    }
}
