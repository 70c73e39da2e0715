internal import SyrinxCore

/// A text with places for parts of the input's path: `out/{dir}/{stem}.flac`.
///
/// `{path}` is the input as it was found, `{dir}` its folders beneath the pattern's fixed start, `{name}` its name, `{stem}`
/// the name without ending, `{ext}` the ending without dot, `{row}` its number in six digits. `{{` and `}}` are braces.
struct PathTemplate: Sendable {
    private enum Part: Sendable {
        case text(String)
        case place(String)
    }

    static let places = ["path", "dir", "name", "stem", "ext", "row"]

    private var parts: [Part] = []

    /// - Parameter option: where the text comes from, for reports.
    /// - Throws: `.usage` for a place that does not exist, or a brace that stands alone.
    init(_ text: String, option: String) throws(PipelineError) {
        var literal = ""
        var rest = text[...]
        while let character = rest.popFirst() {
            if character == "{" || character == "}", rest.first == character {
                literal.append(character)
                rest.removeFirst()
            } else if character == "{" {
                guard let end = rest.firstIndex(of: "}"), Self.places.contains(String(rest[..<end])) else {
                    let found = Shown.quoted("{" + rest.prefix { $0 != "}" } + "}")
                    let names = Self.places.map { "{\($0)}" }.joined(separator: ", ")
                    throw PipelineError(
                        .usage, at: option, "found \(found), expected one of \(names); a brace itself is {{ or }}")
                }
                parts += [.text(literal), .place(String(rest[..<end]))]
                literal = ""
                rest = rest[rest.index(after: end)...]
            } else if character == "}" {
                throw PipelineError(.usage, at: option, "found } without {; a brace itself is {{ or }}")
            } else {
                literal.append(character)
            }
        }
        parts.append(.text(literal))
    }

    /// True: it says the same of every input.
    var isConstant: Bool { parts.count == 1 }

    /// The folder in which all that it can name lies; empty: the working directory.
    var fixedFolder: String {
        guard case .text(let start)? = parts.first else { return "" }
        return Folder.of(start)
    }

    /// The text for one row.
    ///
    /// - Parameter folder: the input's folders beneath the pattern's start.
    func text(input: String, folder: String, row: Int) -> String {
        let name = input.split(separator: "/").last.map(String.init) ?? input
        let dot = name.dropFirst().lastIndex(of: ".")
        var text = ""
        for part in parts {
            switch part {
            case .text(let literal):
                // An empty {dir} leaves no second slash behind.
                text += text.hasSuffix("/") && literal.hasPrefix("/") ? String(literal.dropFirst()) : literal
            case .place("path"): text += input
            case .place("dir"): text += folder
            case .place("name"): text += name
            case .place("stem"): text += dot.map { String(name[..<$0]) } ?? name
            case .place("ext"): text += dot.map { String(name[name.index(after: $0)...]) } ?? ""
            case .place: text += Self.digits(row)
            }
        }
        // An empty {dir} at the head is no root.
        if case .text("")? = parts.first, case .place("dir")? = parts.dropFirst().first, folder.isEmpty,
            text.hasPrefix("/")
        {
            text.removeFirst()
        }
        return text
    }

    /// A row's number in at least six digits, so that names stand in order.
    static func digits(_ row: Int) -> String {
        let digits = String(row)
        return String(repeating: "0", count: max(0, 6 - digits.utf8.count)) + digits
    }
}
