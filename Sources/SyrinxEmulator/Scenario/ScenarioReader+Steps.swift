internal import SyrinxConfig
internal import SyrinxCore
internal import SyrinxEVI

extension ScenarioReader {
    /// What a step is, and what else it may say.
    private static let kinds: [(name: String, others: [String])] = [
        ("say", ["quick"]), ("parrot", []), ("play", ["text"]), ("answer", []), ("wait_ms", []),
        ("tool", ["parameters", "response_required", "builtin", "timeout_ms"]), ("error", ["slug", "message"]),
        ("close", ["reason"]), ("cut", []), ("stall_ms", []), ("send", []), ("send_text", []), ("send_binary", []),
        ("huge_bytes", []), ("interrupt", []), ("hang_up", []),
    ]

    mutating func step(_ value: DocumentValue, _ path: String) -> Scenario.Step? {
        guard case .object(let members) = value.content else {
            fault(at: value.position, path, "found \(value.shown), expected an object such as { \"say\": \"Hello.\" }")
            return nil
        }
        let found = Self.kinds.filter { kind in members.contains { $0.name == kind.name } }
        guard let kind = found.first, found.count == 1 else {
            let names = Self.kinds.map(\.name)
            if found.count > 1 {
                let both = found.map(\.name).joined(separator: " and ")
                fault(at: value.position, path, "found \(both) in one step, expected one of them; write two steps")
            } else {
                let hint = members.first.map { NearestName.suggestion($0.name, among: names) } ?? ""
                let all = names.joined(separator: ", ")
                fault(at: value.position, path, "found no step, expected one of \(all)\(hint)")
            }
            return nil
        }
        guard let object = object(value, path, keys: [kind.name] + kind.others) else { return nil }
        switch kind.name {
        case "say":
            let quick = boolean(object, "quick") ?? false
            return text(object, "say").map { .say($0, quick: quick) }
        case "parrot": return flag(object, "parrot", .parrot)
        case "play": return play(object)
        case "answer": return flag(object, "answer", .answer)
        case "wait_ms": return integer(object, "wait_ms", in: 0...1_800_000).map { .wait(milliseconds: $0) }
        case "tool": return tool(object)
        case "error":
            let slug = text(object, "slug")
            let message = text(object, "message")
            return text(object, "error").map { code in
                .error(
                    code: code, slug: slug ?? ErrorCodes.slug(code),
                    message: message ?? "The scenario asked for \(code).")
            }
        case "close":
            let reason = text(object, "reason") ?? ""
            // 1005 is a close without a code; 1006 no server can send.
            return integer(object, "close", in: 1000...4999).map { .close(code: $0, reason: reason) }
        case "cut": return flag(object, "cut", .cut)
        case "stall_ms": return integer(object, "stall_ms", in: 0...600_000).map { .stall(milliseconds: $0) }
        case "send": return object["send"].map { .send($0.plain) }
        case "send_text": return text(object, "send_text").map { .sendText($0) }
        case "send_binary": return integer(object, "send_binary", in: 0...16 << 20).map { .sendBinary($0) }
        case "huge_bytes": return integer(object, "huge_bytes", in: 100...32 << 20).map { .huge($0) }
        case "interrupt": return flag(object, "interrupt", .interrupt)
        default: return flag(object, "hang_up", .hangUp)
        }
    }

    private mutating func flag(_ object: Entry, _ name: String, _ step: Scenario.Step) -> Scenario.Step? {
        guard let boolean = boolean(object, name) else { return nil }
        if !boolean { fault(object, name, "found false, expected true; leave the step out instead") }
        return boolean ? step : nil
    }

    private mutating func tool(_ object: Entry) -> Scenario.Step? {
        let name = text(object, "tool")
        var parameters = "{}"
        if let value = object["parameters"] {
            switch value.content {
            // A string goes as it is, so that broken arguments can be sent, too.
            case .string(let text): parameters = text.text
            case .object: parameters = value.plain.json()
            default:
                fault(object, "parameters", "found \(value.shown), expected an object, or a string to send as it is")
            }
        }
        let builtin = boolean(object, "builtin") ?? false
        let required = boolean(object, "response_required") ?? !builtin
        let timeout = integer(object, "timeout_ms", in: 1...600_000) ?? 30_000
        return name.map {
            .tool(name: $0, parameters: parameters, required: required, builtin: builtin, timeoutMilliseconds: timeout)
        }
    }

    private mutating func play(_ object: Entry) -> Scenario.Step? {
        let words = text(object, "text")
        guard let path = text(object, "play") else { return nil }
        do throws(PipelineError) {
            let bytes = try FileBytes.load(path.hasPrefix("/") ? path : folder + path, limit: 64 << 20)
            do throws(WireFault) {
                let piece = try WAVPiece(reading: bytes)
                return .play(path: path, samples: piece.samples, rate: piece.sampleRate, text: words ?? path)
            } catch {
                fault(object, "play", "\(Shown.quoted(path)): \(error)")
            }
        } catch {
            fault(object, "play", error.description)
        }
        return nil
    }
}
