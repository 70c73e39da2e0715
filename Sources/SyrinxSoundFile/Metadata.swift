package import SyrinxCore

/// What a file carries beside its samples, and how it travels from a source's facts to a sink.
package struct Metadata: Sendable, Hashable {
    /// Names and texts: `title`, `artist`, ….
    package var tags: [Tag] = []
    package var cues: [Cue] = []
    package var broadcast: Broadcast?
    package var instrument: Instrument?

    package init() {}

    package struct Tag: Sendable, Hashable {
        package var name: String
        package var text: String
    }

    /// A marked place.
    package struct Cue: Sendable, Hashable {
        /// In frames from the file's first.
        package var position: Int
        package var name: String
    }

    /// EBU Tech 3285, the `bext` chunk.
    package struct Broadcast: Sendable, Hashable {
        package var description = ""
        package var originator = ""
        package var reference = ""
        package var date = ""
        package var time = ""
        /// Frames since midnight.
        package var timeReference = 0
        package var version = 0
        package var umid: [UInt8] = []
        /// Loudness, range, true peak, momentary and short-term maximum, in hundredths.
        package var loudness: [Int] = []
        package var codingHistory = ""
    }

    /// How a sampler plays it.
    package struct Instrument: Sendable, Hashable {
        package var baseNote = 60
        /// In hundredths of a semitone.
        package var detune = 0
        package var loops: [Loop] = []
    }

    package struct Loop: Sendable, Hashable {
        /// `forward`, `alternating`, `backward`.
        package var mode: String
        /// The first frame, and the one after the last.
        package var start: Int
        package var end: Int
        /// 0: for ever.
        package var count: Int
    }

    /// The names of tags, as libsndfile numbers them from 1; genre follows at 16.
    package static let tagNames = [
        "title", "copyright", "software", "artist", "comment", "date", "album", "license", "track", "genre",
    ]

    package var isEmpty: Bool { tags.isEmpty && cues.isEmpty && broadcast == nil && instrument == nil }

    // MARK: Another time line

    /// The same marks in a file of another rate that begins at frame `start` of this one and has `count` frames of it.
    package func moved(start: Int, count: Int?, from rate: Int, to newRate: Int) -> Metadata {
        func move(_ frame: Int) -> Int { (2 * (frame - start) * newRate + rate) / (2 * rate) }
        var result = self
        result.cues = cues.filter { $0.position >= start && $0.position - start <= count ?? .max }.map {
            Cue(position: move($0.position), name: $0.name)
        }
        if let broadcast, rate > 0 {
            let reference = broadcast.timeReference + start
            let scaled = (2 * Int128(reference) * Int128(newRate) + Int128(rate)) / Int128(2 * rate)
            result.broadcast?.timeReference = Int(clamping: scaled)
        }
        result.instrument?.loops = (instrument?.loops ?? []).filter {
            $0.start >= start && $0.end - start <= count ?? .max
        }.map { Loop(mode: $0.mode, start: move($0.start), end: move($0.end), count: $0.count) }
        return result
    }
}

extension Metadata {
    // MARK: Facts

    /// As the facts of a source, whose names begin with `metadata.`.
    package var facts: [(name: String, value: Value)] {
        var facts: [(name: String, value: Value)] = []
        if !tags.isEmpty {
            facts.append(("metadata.tags", .object(tags.map { .init($0.name, .string($0.text)) })))
        }
        if !cues.isEmpty {
            facts.append(
                (
                    "metadata.cues",
                    .list(
                        cues.map { .object([.init("frame", .integer($0.position)), .init("name", .string($0.name))]) })
                ))
        }
        if let broadcast { facts.append(("metadata.broadcast", broadcast.value)) }
        if let instrument { facts.append(("metadata.instrument", instrument.value)) }
        return facts
    }

    /// What the first file that is read in a run brings along, on the time line of a stream of `rate` Hz.
    package init(carriedBy setup: Setup) {
        self.init()
        guard let facts = setup.sourceFacts.first(where: { $0.facts.contains { $0.name == "start_frame" } })?.facts,
            let rate = facts.integer("rate_hz"), rate > 0
        else { return }
        let known = Dictionary(facts.map { ($0.name, $0.value) }) { first, _ in first }
        if case .object(let members)? = known["metadata.tags"] {
            tags = members.compactMap { member in member.value.string.map { Tag(name: member.name, text: $0) } }
        }
        cues = (known["metadata.cues"]?.list ?? []).compactMap { cue in
            guard case .integer(let position)? = cue["frame"] else { return nil }
            return Cue(position: position, name: cue["name"]?.string ?? "")
        }
        broadcast = known["metadata.broadcast"].map(Broadcast.init)
        instrument = known["metadata.instrument"].map(Instrument.init)
        self = moved(
            start: facts.integer("start_frame") ?? 0, count: facts.integer("read_frames"), from: rate,
            to: setup.input.format.rate)
    }
}

extension Metadata.Broadcast {
    var value: Value {
        .object([
            .init("description", .string(description)), .init("originator", .string(originator)),
            .init("reference", .string(reference)), .init("date", .string(date)), .init("time", .string(time)),
            .init("time_reference", .integer(timeReference)), .init("version", .integer(version)),
            .init("umid", .list(umid.map { .integer(Int($0)) })), .init("loudness", .list(loudness.map(Value.integer))),
            .init("coding_history", .string(codingHistory)),
        ])
    }

    init(_ value: Value) {
        self.init(
            description: value["description"]?.string ?? "", originator: value["originator"]?.string ?? "",
            reference: value["reference"]?.string ?? "", date: value["date"]?.string ?? "",
            time: value["time"]?.string ?? "", timeReference: value.integer("time_reference") ?? 0,
            version: value.integer("version") ?? 0,
            umid: (value["umid"]?.list ?? []).compactMap { $0.double.map { UInt8(truncatingIfNeeded: Int($0)) } },
            loudness: (value["loudness"]?.list ?? []).compactMap { $0.double.map { Int($0) } },
            codingHistory: value["coding_history"]?.string ?? "")
    }
}

extension Metadata.Instrument {
    var value: Value {
        .object([
            .init("base_note", .integer(baseNote)), .init("detune", .integer(detune)),
            .init(
                "loops",
                .list(
                    loops.map {
                        .object([
                            .init("mode", .string($0.mode)), .init("start", .integer($0.start)),
                            .init("end", .integer($0.end)), .init("count", .integer($0.count)),
                        ])
                    })),
        ])
    }

    init(_ value: Value) {
        self.init(
            baseNote: value.integer("base_note") ?? 60, detune: value.integer("detune") ?? 0,
            loops: (value["loops"]?.list ?? []).compactMap { loop in
                guard let start = loop.integer("start"), let end = loop.integer("end") else { return nil }
                return Metadata.Loop(
                    mode: loop["mode"]?.string ?? "forward", start: start, end: end, count: loop.integer("count") ?? 0)
            })
    }
}

extension Value {
    fileprivate func integer(_ name: String) -> Int? {
        guard case .integer(let integer)? = self[name] else { return nil }
        return integer
    }
}

extension [(name: String, value: Value)] {
    fileprivate func integer(_ name: String) -> Int? {
        guard case .integer(let integer)? = first(where: { $0.name == name })?.value else { return nil }
        return integer
    }
}
