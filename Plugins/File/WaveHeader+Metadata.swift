internal import SyrinxDSP
internal import SyrinxSoundFile

/// Metadata as chunks of a WAV file.
extension Metadata {
    /// The content of the `bext` chunk; empty where there is nothing to say.
    ///
    /// - Source: EBU Tech 3285, version 2; the line of coding history by EBU R 98.
    func broadcastChunk(_ plan: OutputPlan) -> [UInt8] {
        guard let broadcast else { return [] }
        func field(_ text: String, _ size: Int) -> [UInt8] {
            let bytes = Array(text.utf8.prefix(size))
            return bytes + [UInt8](repeating: 0, count: size - bytes.count)
        }
        var chunk = field(broadcast.description, 256) + field(broadcast.originator, 32) + field(broadcast.reference, 32)
        chunk += field(broadcast.date, 10) + field(broadcast.time, 8)
        chunk.append(little: UInt64(clamping: broadcast.timeReference))
        chunk.append(little: UInt16(clamping: broadcast.version))
        chunk += (broadcast.umid + [UInt8](repeating: 0, count: 64)).prefix(64)
        for value in (broadcast.loudness + [0, 0, 0, 0, 0]).prefix(5) { chunk.append(little: Int16(clamping: value)) }
        chunk += [UInt8](repeating: 0, count: 180)
        var history = broadcast.codingHistory
        if !history.isEmpty, !history.hasSuffix("\r\n") { history += "\r\n" }
        let mode = plan.channels == 1 ? "mono" : plan.channels == 2 ? "stereo" : "multi"
        let depth = plan.subtype.encoding.map { ",W=\(8 * $0.width)" } ?? ""
        history += "A=PCM,F=\(plan.rate)\(depth),M=\(mode),T=Syrinx\r\n"
        return chunk + Array(history.utf8)
    }

    /// The chunks after the samples: cue points with their names, sampler loops, tags.
    ///
    /// - Parameter frames: of the file; marks beyond it are left out.
    func trailingChunks(rate: Int, frames: Int) -> [UInt8] {
        var chunks: [UInt8] = []
        let cues = cues.filter { $0.position <= frames && $0.position <= Int(UInt32.max) }
        if !cues.isEmpty {
            var points: [UInt8] = []
            var names = Array("adtl".utf8)
            points.append(little: UInt32(cues.count))
            for (index, cue) in cues.enumerated() {
                points.append(little: UInt32(index + 1))
                points.append(little: UInt32(cue.position))
                points += Array("data".utf8)
                points.append(little: UInt64(0))
                points.append(little: UInt32(cue.position))
                if cue.name.isEmpty { continue }
                var label: [UInt8] = []
                label.append(little: UInt32(index + 1))
                names.chunk("labl", label + Array(cue.name.utf8) + [0])
            }
            chunks.chunk("cue ", points)
            if names.count > 4 { chunks.chunk("LIST", names) }
        }
        if let instrument { chunks.chunk("smpl", Self.sampler(instrument, rate: rate, frames: frames)) }
        let keys = [
            "title": "INAM", "copyright": "ICOP", "software": "ISFT", "artist": "IART", "comment": "ICMT",
            "date": "ICRD", "album": "IPRD", "track": "ITRK", "genre": "IGNR",
        ]
        var texts = Array("INFO".utf8)
        for tag in tags {
            if let key = keys[tag.name] { texts.chunk(key, Array(tag.text.utf8) + [0]) }
        }
        if texts.count > 4 { chunks.chunk("LIST", texts) }
        return chunks
    }

    private static func sampler(_ instrument: Instrument, rate: Int, frames: Int) -> [UInt8] {
        let loops = instrument.loops.filter { $0.end <= frames && $0.end > $0.start && $0.end <= Int(UInt32.max) }
        var chunk: [UInt8] = []
        // Pitch is told upwards of the note, in 2^32 parts of a semitone.
        let note = instrument.baseNote - (instrument.detune < 0 ? 1 : 0)
        let fraction = (instrument.detune % 100 + 100) % 100
        for word in [
            0, 0, 1_000_000_000 / rate, note, Int((Double(fraction) / 100 * 0x1p32).rounded()), 0, 0, loops.count, 0,
        ] {
            chunk.append(little: UInt32(clamping: word))
        }
        for (index, loop) in loops.enumerated() {
            let mode = loop.mode == "backward" ? 2 : loop.mode == "alternating" ? 1 : 0
            for word in [index, mode, loop.start, loop.end - 1, 0, loop.count] {
                chunk.append(little: UInt32(clamping: word))
            }
        }
        return chunk
    }
}
