internal import CSndfile
internal import Glibc

/// Tags, marks, broadcast chunk and loops, as libsndfile reads and writes them.
extension SoundFile {
    /// Everything that the file carries.
    package func metadata() -> Metadata {
        var result = Metadata()
        for (index, name) in Metadata.tagNames.enumerated() {
            if let text = sf_get_string(handle, Self.tagNumber(index)) {
                result.tags.append(Metadata.Tag(name: name, text: String(cString: text)))
            }
        }
        result.cues = cues()
        result.broadcast = broadcast()
        result.instrument = instrument()
        return result
    }

    /// Gives the file what its format can hold; the rest is left out. Before the first frame.
    package func setMetadata(_ metadata: Metadata) {
        for tag in metadata.tags {
            if let index = Metadata.tagNames.firstIndex(of: tag.name) {
                sf_set_string(handle, Self.tagNumber(index), tag.text)
            }
        }
        if !metadata.cues.isEmpty { setCues(metadata.cues) }
        if let broadcast = metadata.broadcast { setBroadcast(broadcast) }
        if let instrument = metadata.instrument { setInstrument(instrument) }
    }

    private static func tagNumber(_ index: Int) -> Int32 { index == 9 ? 16 : Int32(index + 1) }

    // MARK: Cue points

    private func cues() -> [Metadata.Cue] {
        var count: UInt32 = 0
        guard command(SFC_GET_CUE_COUNT, &count, MemoryLayout<UInt32>.size) != 0, count > 0 else { return [] }
        return withCleared(syrinx_cues.self) { cues in
            guard command(SFC_GET_CUE, cues, MemoryLayout<syrinx_cues>.size) != 0 else { return [] }
            let stride = MemoryLayout<SF_CUE_POINT>.stride
            return (0..<min(Int(cues.pointee.cue_count), Self.mostCues)).map { index in
                let place = UnsafeMutableRawPointer(cues) + MemoryLayout<UInt32>.size + index * stride
                let point = place.assumingMemoryBound(to: SF_CUE_POINT.self)
                return Metadata.Cue(position: Int(point.pointee.sample_offset), name: text(&point.pointee.name, 256))
            }
        }
    }

    private func setCues(_ list: [Metadata.Cue]) {
        let usable = list.filter { $0.position >= 0 && $0.position <= Int(UInt32.max) }.prefix(Self.mostCues)
        withCleared(syrinx_cues.self) { cues in
            cues.pointee.cue_count = UInt32(usable.count)
            for (index, cue) in usable.enumerated() {
                let place =
                    UnsafeMutableRawPointer(cues) + MemoryLayout<UInt32>.size + index
                    * MemoryLayout<SF_CUE_POINT>.stride
                let point = place.assumingMemoryBound(to: SF_CUE_POINT.self)
                point.pointee.indx = Int32(index + 1)
                point.pointee.position = UInt32(cue.position)
                point.pointee.fcc_chunk = 0x6174_6164  // "data"
                point.pointee.sample_offset = UInt32(cue.position)
                store(cue.name, in: &point.pointee.name, 255)
            }
            command(SFC_SET_CUE, cues, MemoryLayout<syrinx_cues>.size)
        }
    }

    private static var mostCues: Int { (MemoryLayout<syrinx_cues>.size - 4) / MemoryLayout<SF_CUE_POINT>.stride }

    // MARK: Broadcast chunk

    private func broadcast() -> Metadata.Broadcast? {
        withCleared(syrinx_broadcast_info.self) { info in
            guard command(SFC_GET_BROADCAST_INFO, info, MemoryLayout<syrinx_broadcast_info>.size) != 0 else {
                return nil as Metadata.Broadcast?
            }
            var result = Metadata.Broadcast()
            result.description = text(&info.pointee.description, 256)
            result.originator = text(&info.pointee.originator, 32)
            result.reference = text(&info.pointee.originator_reference, 32)
            result.date = text(&info.pointee.origination_date, 10)
            result.time = text(&info.pointee.origination_time, 8)
            result.timeReference =
                Int(info.pointee.time_reference_high) << 32 | Int(info.pointee.time_reference_low)
            result.version = Int(info.pointee.version)
            result.umid = withUnsafeBytes(of: &info.pointee.umid) { Array($0) }
            result.loudness = [
                info.pointee.loudness_value, info.pointee.loudness_range, info.pointee.max_true_peak_level,
                info.pointee.max_momentary_loudness, info.pointee.max_shortterm_loudness,
            ].map { Int($0) }
            result.codingHistory = text(
                syrinx_coding_history(info), min(Int(info.pointee.coding_history_size), Self.mostHistory))
            return result
        }
    }

    private func setBroadcast(_ broadcast: Metadata.Broadcast) {
        withCleared(syrinx_broadcast_info.self) { info in
            store(broadcast.description, in: &info.pointee.description, 256)
            store(broadcast.originator, in: &info.pointee.originator, 32)
            store(broadcast.reference, in: &info.pointee.originator_reference, 32)
            store(broadcast.date, in: &info.pointee.origination_date, 10)
            store(broadcast.time, in: &info.pointee.origination_time, 8)
            info.pointee.time_reference_low = UInt32(truncatingIfNeeded: broadcast.timeReference)
            info.pointee.time_reference_high = UInt32(truncatingIfNeeded: broadcast.timeReference >> 32)
            info.pointee.version = Int16(clamping: broadcast.version)
            withUnsafeMutableBytes(of: &info.pointee.umid) { $0.copyBytes(from: broadcast.umid.prefix(64)) }
            let loudness = (broadcast.loudness + [0, 0, 0, 0, 0]).map { Int16(clamping: $0) }
            info.pointee.loudness_value = loudness[0]
            info.pointee.loudness_range = loudness[1]
            info.pointee.max_true_peak_level = loudness[2]
            info.pointee.max_momentary_loudness = loudness[3]
            info.pointee.max_shortterm_loudness = loudness[4]
            info.pointee.coding_history_size = UInt32(min(broadcast.codingHistory.utf8.count, Self.mostHistory))
            store(broadcast.codingHistory, in: syrinx_coding_history(info), Self.mostHistory)
            command(SFC_SET_BROADCAST_INFO, info, MemoryLayout<syrinx_broadcast_info>.size)
        }
    }

    /// One byte less than the struct has room for: libsndfile ends the text with a zero.
    private static let mostHistory = 16_383

    // MARK: Loops

    private func instrument() -> Metadata.Instrument? {
        withCleared(SF_INSTRUMENT.self) { info in
            guard command(SFC_GET_INSTRUMENT, info, MemoryLayout<SF_INSTRUMENT>.size) != 0,
                let words = syrinx_loops(info)
            else { return nil as Metadata.Instrument? }
            let modes = [SF_LOOP_FORWARD: "forward", SF_LOOP_BACKWARD: "backward", SF_LOOP_ALTERNATING: "alternating"]
            var result = Metadata.Instrument(baseNote: Int(info.pointee.basenote), detune: Int(info.pointee.detune))
            result.loops = (0..<min(max(Int(info.pointee.loop_count), 0), 16)).compactMap { index in
                guard let mode = modes[Int(words[4 * index])] else { return nil }
                return Metadata.Loop(
                    mode: mode, start: Int(words[4 * index + 1]), end: Int(words[4 * index + 2]),
                    count: Int(words[4 * index + 3]))
            }
            return result
        }
    }

    private func setInstrument(_ instrument: Metadata.Instrument) {
        withCleared(SF_INSTRUMENT.self) { info in
            guard let words = syrinx_loops(info) else { return }
            info.pointee.gain = 1
            info.pointee.basenote = CChar(truncatingIfNeeded: instrument.baseNote)
            info.pointee.detune = CChar(truncatingIfNeeded: instrument.detune)
            (info.pointee.velocity_hi, info.pointee.key_hi) = (127, 127)
            let modes = ["forward": SF_LOOP_FORWARD, "backward": SF_LOOP_BACKWARD, "alternating": SF_LOOP_ALTERNATING]
            let loops = instrument.loops.prefix(16)
            info.pointee.loop_count = Int32(loops.count)
            for (index, loop) in loops.enumerated() {
                words[4 * index] = UInt32(modes[loop.mode] ?? SF_LOOP_FORWARD)
                words[4 * index + 1] = UInt32(clamping: loop.start)
                words[4 * index + 2] = UInt32(clamping: loop.end)
                words[4 * index + 3] = UInt32(clamping: loop.count)
            }
            command(SFC_SET_INSTRUMENT, info, MemoryLayout<SF_INSTRUMENT>.size)
        }
    }

    // MARK: C structs

    /// One of libsndfile's larger structs, all zeros, on the heap.
    private func withCleared<T, Result>(_ type: T.Type, _ body: (UnsafeMutablePointer<T>) -> Result) -> Result {
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: MemoryLayout<T>.size, alignment: MemoryLayout<T>.alignment)
        defer { memory.deallocate() }
        memset(memory, 0, MemoryLayout<T>.size)
        return body(memory.assumingMemoryBound(to: T.self))
    }

    /// The text in a field of so many bytes, which may end without a zero.
    private func text<T>(_ field: UnsafeMutablePointer<T>, _ size: Int) -> String {
        let bytes = UnsafeRawBufferPointer(start: field, count: size)
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    private func store<T>(_ text: String, in field: UnsafeMutablePointer<T>, _ size: Int) {
        UnsafeMutableRawBufferPointer(start: field, count: size).copyBytes(from: Array(text.utf8.prefix(size)))
    }
}
