internal import Glibc
internal import Synchronization
internal import SyrinxCore

/// The batch's words: a line on the terminal that is rewritten, a line for every failure, and one at the end.
///
/// - Thread: any.
final class BatchDisplay: Sendable {
    /// True: there is a terminal, and someone wants to see it.
    let isShown: Bool
    private let rows: Int
    private let console: Console
    private let start: UInt64
    /// Held while something is written, so that lines stay whole.
    private let pen = Mutex(())

    init(_ console: Console, rows: Int, quiet: Bool) {
        self.console = console
        self.rows = rows
        isShown = !quiet && Console.isTerminal
        start = Self.now()
    }

    /// Seconds since the start.
    var wallTime: Double { Double(Self.now() - start) / 1e9 }

    /// Rewrites the line: `137 of 1000  2 failed  84 files/s  812×  0:10 left  takes/a.wav`.
    func show(_ tally: BatchTally, _ title: String) {
        let time = wallTime
        let percent = rows > 0 ? tally.ended * 100 / rows : 100
        var parts = ["\(tally.ended) of \(rows)  \(percent) %"]
        if tally.failed > 0 { parts.append("\(tally.failed) failed") }
        let worked = tally.done + tally.failed
        if worked > 0, time > 0 {
            let pace = Double(worked) / time
            parts.append("\(Figures.short(pace)) files/s")
            parts.append("\(Figures.short(tally.seconds / time))×")
            parts.append("\(Figures.clock((Double(rows - tally.ended) / pace).rounded(.up))) left")
        }
        parts.append(Shown.plain(title, limit: 200))
        let line = ProgressDisplay.fit(console.mask.mask(parts.joined(separator: "  ")))
        pen.withLock { _ in try? Console.write("\r\u{1B}[K" + line, to: STDERR_FILENO) }
    }

    /// Takes the line away.
    func clear() {
        if isShown { pen.withLock { _ in try? Console.write("\r\u{1B}[K", to: STDERR_FILENO) } }
    }

    /// Writes what there is to say about a row.
    func tell(_ row: BatchRow, _ lines: [String]) {
        let title = Shown.plain(row.title, limit: 200)
        let text = lines.map { "\(title): \($0)" }.joined(separator: "\n")
        pen.withLock { _ in
            if isShown { try? Console.write("\r\u{1B}[K", to: STDERR_FILENO) }
            console.say(text)
        }
    }

    /// `998 done, 2 failed, in 12.1 s: 82 files/s, 815× real time`
    func summarise(_ tally: BatchTally) {
        let time = wallTime
        var parts = ["\(tally.done) done"]
        if tally.doneBefore > 0 { parts.append("\(tally.doneBefore) done before") }
        if tally.skipped > 0 { parts.append("\(tally.skipped) skipped") }
        if tally.failed > 0 { parts.append("\(tally.failed) failed") }
        if rows > tally.ended { parts.append("\(rows - tally.ended) left") }
        var text = parts.joined(separator: ", ") + ", in \(Figures.time(time))"
        if tally.done > 0, time > 0 {
            text +=
                ": \(Figures.short(Double(tally.done) / time)) files/s, \(Figures.short(tally.seconds / time))× real time"
        }
        console.say(text)
    }

    private static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
