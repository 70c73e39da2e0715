internal import Glibc
internal import SyrinxCore
internal import SyrinxHost

/// One line on the terminal that is rewritten while a run goes on, and a few when it is over.
///
/// - Thread: the driver's while the run goes on, then the one that started it.
final class ProgressDisplay: Sendable {
    private let console: Console

    init(_ console: Console) { self.console = console }

    /// Rewrites the line.
    func show(_ progress: RunProgress) {
        var parts: [String] = []
        let position = Figures.clock(progress.position, 1)
        if let length = progress.length, length > 0 {
            let percent = Figures.fixed(progress.position / length * 100, 0)
            parts.append("\(position) of \(Figures.clock(length, 1))  \(percent) %")
        } else {
            parts.append(position)
        }
        if let live = progress.live {
            parts.append("load \(Figures.fixed(live.loadPercent, 0)) %")
            parts.append(Figures.count(live.xruns, "xrun"))
        } else {
            parts.append("\(Figures.short(progress.speed))×")
        }
        if let left = progress.timeLeft { parts.append("\(Figures.clock(left.rounded(.up))) left") }
        for sink in progress.sinks {
            guard let level = Self.peak(sink.figures.first { $0.name == "peak_dbfs" }?.value) else { continue }
            parts.append("\(sink.node) \(level)")
        }
        let line = Self.fit(console.mask.mask(parts.joined(separator: "  ")))
        try? Console.write("\r\u{1B}[K" + line, to: STDERR_FILENO)
    }

    /// Takes the line away.
    func clear() { try? Console.write("\r\u{1B}[K", to: STDERR_FILENO) }

    /// What came out: a line for each sink, and one for the run.
    func summarise(_ report: RunReport) {
        let width = report.sinks.map(\.id.count).max() ?? 0
        for sink in report.sinks {
            let text = Self.describe(sink)
            if !text.isEmpty {
                console.say(sink.id + String(repeating: " ", count: width - sink.id.count) + "  " + text)
            }
        }
        var line =
            "\(Figures.time(report.seconds)) in \(Figures.time(report.wallTime)), \(Figures.short(report.speed))× real time"
        let events = report.events.reduce(0) { $0 + $1.count }
        if events > 0 { line += ", \(Figures.count(events, "event"))" }
        if report.live != nil { line += ", \(Figures.count(report.xruns, "xrun"))" }
        if report.droppedEvents > 0 { line += ", \(report.droppedEvents) dropped" }
        console.say(line)
    }

    private static func describe(_ sink: RunReport.Node) -> String {
        func figure(_ name: String) -> Value? { sink.figures.first { $0.name == name }?.value }
        func integer(_ name: String) -> Int? {
            if case .integer(let integer) = figure(name) { integer } else { nil }
        }
        var parts: [String] = []
        if let subtype = figure("subtype")?.string { parts.append(subtype) }
        if let rate = integer("rate_hz") { parts.append(Figures.rate(rate)) }
        if let channels = integer("channels") { parts.append(Figures.count(channels, "channel")) }
        if let frames = integer("frames") {
            parts.append(integer("rate_hz").map { Figures.time(Double(frames) / Double($0)) } ?? "\(frames) frames")
        }
        if let level = peak(figure("peak_dbfs")) { parts.append("peak \(level)") }
        if let clipped = integer("clipped"), clipped > 0 { parts.append("\(Figures.count(clipped, "sample")) clipped") }
        if let broken = integer("not_a_number"), broken > 0 { parts.append("\(broken) not a number") }
        if let lines = integer("events") ?? integer("lines") { parts.append(Figures.count(lines, "event")) }
        let path = figure("path")?.string.map { ($0 == "-" ? "standard output" : Shown.plain($0, limit: 200)) + ": " }
        return (path ?? "") + parts.joined(separator: ", ")
    }

    private static func peak(_ value: Value?) -> String? {
        switch value {
        case .null: "silent"
        case .some(let value): value.double.map { Figures.fixed($0, 1) + " dBFS" }
        case nil: nil
        }
    }

    /// Cut where the terminal ends, so that it stays one line.
    static func fit(_ line: String) -> String {
        let columns = columns - 1
        return line.count <= columns ? line : String(line.prefix(max(0, columns - 1))) + "…"
    }

    private static var columns: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
