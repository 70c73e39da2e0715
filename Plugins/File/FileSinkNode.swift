internal import Glibc
public import SyrinxCore
internal import SyrinxDSP
internal import SyrinxRealtime
internal import SyrinxSoundFile

/// Writes what comes in to a file, or to standard output.
///
/// - Ports: `in`, any rate and channels; `events`.
public struct FileSinkNode: Node {
    public static let descriptor = NodeDescriptor(
        type: "file.sink", summary: "Writes an audio file, or standard output.",
        inputs: [.audio("in", "What is written, at the rate it has.")],
        outputs: [.events("events", "file_begin, file_end, part_found, part_overwritten, older_file_found.")],
        parameters: [
            .path("path", .write, required: true, "The file to write; - is standard output."),
            .choice(
                "format", of: Container.all.map(\.name), "The kind of file; left out: what the path's ending says."),
            .choice(
                "subtype", of: Subtype.writable,
                "How samples are stored; left out: as in the input file where the format has it, else s24."),
            .choice(
                "dither", of: ["tpdf", "none"],
                "Noise before rounding to integers; left out: tpdf where the depth falls below 24 bits, else none."),
            .number(
                "quality_ratio", in: 0...1, unit: .ratio,
                "Quality of vorbis, opus and mp3, 1 the best; for flac how hard it compresses."),
            .integer("channels", in: Limits.channels, "How many channels to take; left out: those of the input."),
            .boolean("overwrite", default: true, "False: a file that is there already is a fault."),
            .choice(
                "metadata", of: ["carry", "none"], default: "carry",
                "Tags, cue points and broadcast chunk of the first file that is read: carried over, or left out."),
            .number(
                "split_s", in: 0.1...1e6, unit: .seconds,
                "Begins another file after so much time: PATH is numbered, take-0001.wav and so on."),
            .number(
                "split_mb", in: 0.1...1e6,
                "Begins another file before one grows beyond so many million bytes, as split_s does."),
        ],
        details: """
            The file appears under its name whole or not at all: it is written as `PATH.part` and renamed at the end; a \
            failed or cancelled run leaves nothing behind. What is no regular file (a device, a FIFO) is written to \
            directly.

            Floating-point subtypes keep every bit. Integer subtypes round to the nearest value, even on a tie; samples \
            beyond full scale are clipped, NaN becomes 0, and the report counts both. Dither is triangular, ±1 step of \
            the last place. Left to itself it is added when the depth falls: when the subtype has fewer bits than the \
            deepest file that is read (any at all, if none is), and fewer than 24, beyond which the steps lie below \
            −138 dBFS. A gain from s16 to s16 is therefore rounded without it; ask for `tpdf` to have it.

            WAV that grows beyond 4 GiB becomes RF64. On standard output and FIFOs wav (its length left open), au, raw, \
            flac, ogg and opus can be written. Opus takes 8, 12, 16, 24 and 48 kHz.

            Under a clock (JACK, ALSA, timer) the header is brought up to date four times a second, so that the part which \
            a killed process leaves can be opened and lacks less than a second; the next run with that name moves it \
            aside and tells where it lies.

            With `split_s` or `split_mb` no sample is lost or altered where a file ends: in formats that do not compress, \
            the files' samples one after the other are those of the one file that would have been, dither included. Under \
            a clock each file gets its name as soon as it is full, flat out all of them at the end or none. A compressed \
            file ends soon after it has grown to `split_mb`. Events tell each file's `path`, `first_frame` (counted in \
            the file's rate since the recording began) and in the end `frames`; `older_file_found` tells of a file from an \
            earlier, longer run that would seem to follow the last.
            """,
        example: #""tape": { "type": "file.sink", "path": "out.flac", "subtype": "s16" }"#)

    private let path: String
    private let parameters: Parameters
    private let container: Container
    /// nil: follows the input.
    private let subtype: Subtype?
    /// nil: where the depth falls.
    private let dither: String?
    private let quality: Double?
    private let channels: Int?
    private let overwrites: Bool
    private let carriesMetadata: Bool
    private let split: FileSplit?

    public init(_ parameters: Parameters) throws(PipelineError) {
        self.parameters = parameters
        path = try parameters.string("path")
        subtype = try parameters.optionalString("subtype").flatMap(Subtype.named)
        dither = try parameters.optionalString("dither")
        quality = try parameters.optionalNumber("quality_ratio")
        channels = try parameters.optionalInteger("channels")
        overwrites = try parameters.boolean("overwrite")
        carriesMetadata = try parameters.string("metadata") == "carry"
        split = try FileSplit(parameters, path: path)
        if let name = try parameters.optionalString("format"), let named = Container.named(name) {
            container = named
        } else if path == "-" {
            throw parameters.error(
                "format", "standard output has no name to tell the format by; expected one of \(Self.streamable)")
        } else if let known = Container.ofPath(path) {
            container = known
        } else {
            let ending = pathExtension(path)
            throw parameters.error(
                "path",
                (ending.isEmpty ? "the name has no ending" : "no format is known by the ending .\(ending)")
                    + "; name one in format: \(Container.all.map(\.name).joined(separator: ", "))")
        }
    }

    public func inputChannels(_ port: String) -> Int? { channels }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        let input = request.inputs.first.flatMap { $0 }
        try check(rate: input?.rate, channels: channels ?? input?.channels, isStream: path == "-")
        var facts: [(name: String, value: Value)] = [
            ("path", .string(path)), ("format", .string(container.name)),
        ]
        if let subtype { facts.append(("subtype", .string(subtype.name))) }
        return Resolution(facts: facts)
    }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        let format = setup.input.format
        let first = split?.path(1) ?? path
        try refuseSources(setup)
        let file = try OutputFile(first, overwrite: overwrites, keepLeftOver: setup.isPaced)
        if let split, file.kind != .file {
            throw parameters.error("path", "\(split.path(1)) is no regular file; only those can be numbered")
        }
        let isStream = file.kind == .stream
        try check(rate: format.rate, channels: format.channels, isStream: isStream)
        let sources = setup.sourceFacts.compactMap { source in
            source.facts.first { $0.name == "subtype" }?.value.string.flatMap(Subtype.named)
        }
        let longest = setup.sourceFacts.compactMap { source -> Int? in
            guard case .integer(let frames) = source.facts.first(where: { $0.name == "frames" })?.value else {
                return nil
            }
            return frames
        }.max()
        let subtype = self.subtype ?? follow(sources, format, isStream: isStream)
        var plan = OutputPlan(
            path: path, container: container, subtype: subtype, rate: format.rate, channels: format.channels,
            quality: quality, dithers: dithers(subtype, sources), isStream: isStream)
        if carriesMetadata { plan.metadata = Metadata(carriedBy: setup) }
        let cancellation = Cancellation()
        let encoded = try FileSinkService.begin(plan, split, at: 0, in: file, cancellation)
        let queue = FileBridge.byteQueue(
            frameBytes: format.channels * encoded.layout.width, channels: format.channels,
            forBlocksOf: setup.input.largestBlock, isPaced: setup.isPaced, frames: isStream ? nil : longest)
        let renderer = FileSinkRenderer(
            bridge: FileBridge(queue: queue, isPaced: setup.isPaced, cancellation: cancellation),
            latency: setup.input.latency, channels: format.channels, layout: encoded.layout, dithers: plan.dithers)
        let service = FileSinkService(
            plan, split, file: encoded, overwrite: overwrites, renderer: renderer, events: setup.events)
        return Prepared(renderer, blockingServices: [service], sink: renderer, reporter: service)
    }

    // MARK: What can be written

    /// What standard output takes, in words.
    private static let streamable = "wav, au, raw, flac, ogg, opus"

    /// Refuses what is known to be impossible already.
    private func check(rate: Int?, channels: Int?, isStream: Bool) throws(PipelineError) {
        if isStream, !Self.streamable.split(separator: ", ").contains(Substring(container.name)) {
            throw parameters.error(
                "format",
                "\(container.name) needs a file that can be gone back in, \(shown(path, output: true)) cannot; "
                    + "expected one of \(Self.streamable)")
        }
        if let rate, container == .opus || subtype == .opus, ![8_000, 12_000, 16_000, 24_000, 48_000].contains(rate) {
            throw parameters.error(
                "format",
                "opus takes 8000, 12000, 16000, 24000 or 48000 Hz, found \(rate) Hz; put a \"resample\" before it")
        }
        // What is not known yet is assumed to be harmless.
        let format = StreamFormat(rate: rate ?? 48_000, channels: channels ?? 1)
        let possible = possibleSubtypes(format, isStream: isStream)
        if possible.isEmpty {
            let mono = possibleSubtypes(StreamFormat(rate: format.rate, channels: 1), isStream: isStream)
            if mono.isEmpty {
                throw parameters.error("format", "\(container.name) cannot be written at \(format.rate) Hz")
            }
            let most = Limits.channels.last {
                !possibleSubtypes(StreamFormat(rate: format.rate, channels: $0), isStream: isStream).isEmpty
            }
            throw parameters.error(
                "channels",
                "\(container.name) holds up to \(most ?? 1) channels, found \(format.channels); put a \"matrix\" before it"
            )
        }
        if let subtype, !possible.contains(subtype) {
            throw parameters.error(
                "subtype",
                "\(container.name) cannot hold \(subtype.name) with \(format.channels) channels at \(format.rate) Hz; "
                    + "expected one of \(possible.map(\.name).joined(separator: ", "))")
        }
    }

    private func possibleSubtypes(_ format: StreamFormat, isStream: Bool) -> [Subtype] {
        Subtype.all.filter { subtype in
            if isStream, container == .wav || container == .au,
                subtype.encoding == nil, subtype.name != "ulaw", subtype.name != "alaw"
            {
                return false
            }
            return container.canHold(subtype, rate: format.rate, channels: format.channels)
        }
    }

    /// The widest of the input files' subtypes where the format has it, else `s24`, else the format's own.
    private func follow(_ sources: [Subtype], _ format: StreamFormat, isStream: Bool) -> Subtype {
        let possible = possibleSubtypes(format, isStream: isStream)
        if let widest = sources.max(by: { $0.width < $1.width }) {
            if possible.contains(widest) { return widest }
            // u8 and s8 are the same samples, told differently.
            if widest.encoding?.integerBits == 8,
                let other = possible.first(where: { $0.encoding?.integerBits == 8 })
            {
                return other
            }
        }
        if possible.contains(.s24) { return .s24 }
        return Subtype.named(container.fallback).flatMap { possible.contains($0) ? $0 : nil } ?? possible[0]
    }

    private func dithers(_ subtype: Subtype, _ sources: [Subtype]) -> Bool {
        guard case .integers(let bits) = subtype.feed, dither != "none" else { return false }
        if dither == "tpdf" { return bits < 32 }
        guard subtype.encoding != nil || subtype.name.hasPrefix("alac") || container.name == "flac" else {
            return false
        }
        let depth = sources.map(\.width).max() ?? .max
        return bits < depth && bits < 24
    }

    /// Writing over what is being read would lose it.
    private func refuseSources(_ setup: Setup) throws(PipelineError) {
        for source in setup.sourceFacts {
            guard let read = source.facts.first(where: { $0.name == "path" })?.value.string else { continue }
            var other = stat()
            guard stat(read, &other) == 0, other.st_mode & S_IFMT == S_IFREG else { continue }
            // Of numbered files those that are there already, one after the other.
            var number = 1
            while true {
                let target = split?.path(number) ?? path
                var own = stat()
                guard stat(target, &own) == 0, own.st_mode & S_IFMT == S_IFREG else { break }
                if other.st_dev == own.st_dev, other.st_ino == own.st_ino {
                    throw parameters.error(
                        "path", "\(target) is read by \(source.node) in the same run; write to another file")
                }
                if split == nil { break }
                number += 1
            }
        }
    }
}
