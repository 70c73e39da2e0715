internal import ArgumentParser
internal import Glibc
internal import SyrinxConfig
internal import SyrinxCore
internal import SyrinxHost

/// Where there is sound in a file, as a node tells by its events.
struct FoundSounds {
    /// In frames of the file, in order.
    var sounds: [Range<Int>]
    /// Frames of the file.
    var length: Int
    /// Hz.
    var rate: Int

    /// Sends a file through a node that tells of begin and end.
    ///
    /// - Parameters:
    ///   - type: `silence` or `vad`.
    ///   - withoutHangover: a sound ends where the last was heard of it, not where that was known.
    /// - Throws: ``ExitCode``; what went wrong has been written to standard error.
    init(
        in pass: FilePass, by type: String, _ parameters: [DocumentMember], withoutHangover: Bool = false,
        _ console: Console
    ) throws {
        // A file without a name, which the events pass through.
        guard let log = tmpfile() else {
            throw console.fail(
                PipelineError(
                    .cannotCreate, at: "/tmp", "cannot create a file for events",
                    cause: String(cString: strerror(errno))))
        }
        defer { fclose(log) }
        let report = try pass.run(
            [
                DocumentNode(id: "in", type: "file.source", parameters: [.text("path", pass.input)]),
                DocumentNode(id: "found", type: type, parameters: parameters),
                DocumentNode(
                    id: "log", type: "events.sink", parameters: [.text("path", "/proc/self/fd/\(fileno(log))")]),
            ], links: ["in -> found", "found:events -> log"])
        if report.droppedEvents > 0 {
            throw console.fail(
                PipelineError(
                    .internal, at: pass.input, "\(report.droppedEvents) events were lost; report it, with the file"))
        }
        length = report.frames
        rate = report.masterRate
        sounds = []
        var begin: Int?
        for event in Self.events(log) {
            if event.name.hasSuffix("_begin") {
                begin = event.frame
            } else if let first = begin {
                let quiet = withoutHangover ? Int((event.quiet * Double(rate)).rounded()) : 0
                sounds.append(first..<max(first, event.frame - quiet))
                begin = nil
            }
        }
        if let begin {
            // The file's end came first.
            var end = length
            if case .integer(let known)? = report.figure("found", "sound_end_frame") { end = min(end, known) }
            sounds.append(begin..<max(begin, end))
        }
    }

    /// The events in a log, line by line.
    private static func events(_ log: UnsafeMutablePointer<FILE>) -> [(name: String, frame: Int, quiet: Double)] {
        rewind(log)
        var events: [(name: String, frame: Int, quiet: Double)] = []
        var line: UnsafeMutablePointer<CChar>?
        var room = 0
        defer { free(line) }
        while getline(&line, &room, log) > 0, let text = line {
            guard case .object(let members)? = JSONReader.read(Array(String(cString: text).utf8)).root?.content else {
                continue
            }
            var (name, frame, quiet) = ("", 0, 0.0)
            for member in members {
                switch (member.name, member.value.content) {
                case ("event", .string(let text)): name = text.text
                case ("frame", .number(let number, _)): frame = Int(number)
                case ("quiet_s", .number(let number, _)): quiet = number
                default: break
                }
            }
            events.append((name, frame, quiet))
        }
        return events
    }

    /// The sounds with so much before and after them, in frames: within the file, and none reaching into the next.
    ///
    /// Where two would meet, what follows a sound goes before what precedes the next.
    func widened(before: Int, after: Int) -> [Range<Int>] {
        var result: [Range<Int>] = []
        for (index, sound) in sounds.enumerated() {
            let next = index + 1 < sounds.count ? sounds[index + 1].lowerBound : length
            let begin = max(sound.lowerBound - before, result.last?.upperBound ?? 0)
            result.append(begin..<max(sound.upperBound, min(sound.upperBound + after, next, length)))
        }
        return result
    }
}
