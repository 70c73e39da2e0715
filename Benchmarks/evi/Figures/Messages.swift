internal import SyrinxEVI

/// What the peer says.
enum Messages {
    static let metadata = #"{"type":"chat_metadata","chat_id":"c-1","chat_group_id":"g-1"}"#
    static let interruption = #"{"type":"user_interruption","time":0}"#
    static let end = #"{"type":"assistant_end"}"#

    /// A sentence and its sound at 48 kHz: the first message has the words, the others a piece each.
    static func speech(id: String, _ samples: [Int16], piece: Int) -> [String] {
        var messages = [
            #"{"type":"assistant_message","id":"\#(id)","from_text":false,"is_quick_response":false,"#
                + #""message":{"role":"assistant","content":"So."},"models":{}}"#
        ]
        for (index, start) in stride(from: 0, to: samples.count, by: piece).enumerated() {
            let data = Base64.encode(wav(samples[start..<min(start + piece, samples.count)]))
            messages.append(#"{"type":"audio_output","id":"\#(id)","index":\#(index),"data":"\#(data)"}"#)
        }
        return messages
    }

    private static func wav(_ samples: ArraySlice<Int16>) -> [UInt8] {
        func bytes(_ value: Int, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        let size = 2 * samples.count
        return Array("RIFF".utf8) + bytes(36 + size, 4) + Array("WAVEfmt ".utf8) + bytes(16, 4) + bytes(1, 2)
            + bytes(1, 2) + bytes(48_000, 4) + bytes(96_000, 4) + bytes(2, 2) + bytes(16, 2) + Array("data".utf8)
            + bytes(size, 4) + samples.flatMap { bytes(Int($0), 2) }
    }
}
