internal import SyrinxCore
internal import SyrinxEVI

/// What came from EVI's server, as it may be shown: nothing in it steers a terminal, and keys of others stay hidden.
enum EVIOutput {
    /// As JSON, with a line's end. What cannot be seen is escaped, which changes no value.
    static func json(_ value: Value) -> String {
        var text = ""
        for scalar in hidingKeys(value).json(pretty: true).unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control where scalar == "\n": text.unicodeScalars.append(scalar)
            case .control, .format, .lineSeparator, .paragraphSeparator:
                for unit in UTF16.encode(scalar)! {
                    let hex = String(unit, radix: 16)
                    text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
                }
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\n"
    }

    /// As lines for people: a member each, long texts and nested values below their name.
    static func facts(_ value: Value) -> String {
        guard case .object(let members) = hidingKeys(value) else { return json(value) }
        let there = members.filter { $0.value != .null && $0.value != .string("") && $0.value != .list([]) }
        let width = there.map { Shown.plain($0.name).count }.max() ?? 0
        return there.reduce(into: "") { text, member in
            let name = Shown.plain(member.name)
            let lines = lines(member.name, member.value)
            if lines.count == 1, lines[0].count <= 100 {
                text += name + String(repeating: " ", count: width - name.count + 2) + lines[0] + "\n"
            } else {
                text += name + "\n" + lines.map { $0.isEmpty ? "\n" : "    \($0)\n" }.joined()
            }
        }
    }

    /// A text on one line, cut after `limit` characters.
    static func plain(_ text: String, limit: Int) -> String {
        Shown.plain(hidingKeys(.string(text)).string ?? "", limit: limit)
    }

    private static func lines(_ name: String, _ value: Value) -> [String] {
        switch value {
        case .integer(let number) where name.hasSuffix("_on") || name.hasSuffix("timestamp"):
            return [Timestamp(wire: number).text]
        case .string(let text):
            return text.split(separator: "\n", omittingEmptySubsequences: false).map { Shown.plain($0, limit: .max) }
        case .object, .list:
            let short = value.json()
            if short.utf8.count <= 80 { return [Shown.plain(short, limit: .max)] }
            return json(value).split(separator: "\n").map(String.init)
        default: return [value.json()]
        }
    }

    /// The member that carries a key of a language model's provider; a chat's history may hold settings that have it.
    private static let keyName = "language_model_api_key"

    private static func hidingKeys(_ value: Value) -> Value {
        switch value {
        case .object(let members):
            return .object(
                members.map { member in
                    let isKey = member.name == keyName && member.value != .null
                    return Value.Member(
                        member.name, isKey ? .string(SecretMask.mark) : hidingKeys(member.value))
                })
        case .list(let values): return .list(values.map(hidingKeys))
        case .string(let text) where text.contains(keyName):
            // JSON in a string.
            guard let inner = try? WireJSON.read(Array(text.utf8)).value else { return .string(SecretMask.mark) }
            return .string(hidingKeys(inner).json())
        default: return value
        }
    }
}
