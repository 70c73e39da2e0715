package import SyrinxCore

/// Reads the JSON of a pipeline file into a tree that knows its places.
///
/// On top of RFC 8259 it reads a byte order mark, `//` and `/* */` comments and trailing commas. It goes on after a
/// fault where it can tell what was meant; what was lost stands in the tree as `.unresolved("")`. Both values of a
/// duplicate key are kept. Time and memory grow with the size of the file only, and recursion ends at ``depthLimit``.
///
/// - Throws: nothing; no input reaches a trap.
/// - Thread: any.
package struct JSONReader {
    package static let byteLimit = 4 << 20
    package static let depthLimit = 64
    /// Values of a whole file, list elements and members included.
    package static let valueLimit = 1 << 18
    package static let numberLimit = 256
    package static let syntaxFaultLimit = 20
    package static let duplicateFaultLimit = 100

    let bytes: [UInt8]
    /// The next byte to read.
    var offset = 0
    var faults: [Fault] = []
    private var line = 1
    /// Columns are counted from here on, so that every byte is counted once.
    private var mark = 0
    private var markColumn = 1
    private var valueCount = 0
    private var duplicateCount = 0
    /// The brackets that are open, outermost first.
    private var open: [(bracket: UInt8, position: SourcePosition)] = []
    private var path: [PathStep] = []
    /// The string before this ran to the end of its line and took the comma with it.
    var forgivesMissingComma = false
    /// It may have taken a closing bracket too.
    var forgivesMissingBracket = false

    private enum PathStep {
        case name(String)
        case index(Int)
    }

    /// Reads a whole file.
    ///
    /// - Returns: the tree, nil if there is none, and the faults in the order of the file; those with code `.syntax`
    ///   tell that the tree may lack something.
    package static func read(_ bytes: [UInt8]) -> (root: DocumentValue?, faults: [Fault]) {
        if let fault = unreadable(bytes) { return (nil, [fault]) }
        var reader = JSONReader(bytes: bytes)
        let root = reader.file()
        return (
            root,
            reader.faults.enumerated().sorted { one, other in
                let (a, b) = (one.element.position, other.element.position)
                return a == b ? one.offset < other.offset : (a ?? .start) < (b ?? .start)
            }.map(\.element)
        )
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// What keeps the bytes from being read at all.
    private static func unreadable(_ bytes: [UInt8]) -> Fault? {
        if bytes.count > byteLimit {
            return fault("found a file of more than 4 MiB, expected 4 MiB at most", at: .start)
        }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            return fault("found UTF-16, expected UTF-8; save the file as UTF-8", at: .start)
        }
        do {
            _ = try UTF8Span(validating: bytes.span)
            return nil
        } catch {
            var reader = JSONReader(bytes: bytes)
            let bad = error.byteOffsets.lowerBound
            while reader.offset < bad { reader.skipByte() }
            let hex = String(bytes[bad], radix: 16, uppercase: true)
            let byte = "0x" + (hex.utf8.count == 1 ? "0" : "") + hex
            return fault("found the byte \(byte), which is not UTF-8; save the file as UTF-8", at: reader.here())
        }
    }

    private mutating func file() -> DocumentValue? {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            offset = 3
            mark = 3
        }
        skipBlank()
        guard offset < bytes.count else {
            report(#"found no value, expected a pipeline: { "syrinx": 1, "nodes": { … }, "links": [ … ] }"#)
            return nil
        }
        let root = value()
        skipBlank()
        if offset < bytes.count { report("found \(foundHere()), expected the end of the file") }
        return root
    }

    // MARK: Values

    private mutating func value() -> DocumentValue {
        let position = here()
        forgivesMissingBracket = false
        valueCount += 1
        if valueCount > Self.valueLimit {
            report("found more than \(Self.valueLimit) values in one file, expected \(Self.valueLimit) at most")
            stop()
            return DocumentValue(.unresolved(""), at: position)
        }
        let content: DocumentValue.Content
        switch peek {
        case UInt8(ascii: "{"): content = container(at: position) { .object($0.members()) }
        case UInt8(ascii: "["): content = container(at: position) { .list($0.elements()) }
        case UInt8(ascii: "\""): content = .string(DocumentText(string(at: position)))
        case UInt8(ascii: "'"):
            content = singleQuoted(at: position).map { .string(DocumentText($0)) } ?? .unresolved("")
        case let byte? where Self.isWord(byte): content = word(at: position)
        default:
            report("found \(foundHere()), expected a value")
            skipGarbage()
            content = .unresolved("")
        }
        return DocumentValue(content, at: position)
    }

    private mutating func container(
        at position: SourcePosition, _ read: (inout Self) -> DocumentValue.Content
    ) -> DocumentValue.Content {
        if open.count == Self.depthLimit {
            report("found brackets nested more than \(Self.depthLimit) deep, expected \(Self.depthLimit) at most")
            skipNested()
            return .unresolved("")
        }
        open.append((bytes[offset], position))
        offset += 1
        let content = read(&self)
        open.removeLast()
        return content
    }

    private mutating func elements() -> [DocumentValue] {
        var elements: [DocumentValue] = []
        while !atEnd(of: UInt8(ascii: "]"), expected: "a value") {
            path.append(.index(elements.count))
            elements.append(value())
            path.removeLast()
            separator(before: "]")
        }
        return elements
    }

    private mutating func members() -> [DocumentMember] {
        var members: [DocumentMember] = []
        while !atEnd(of: UInt8(ascii: "}"), expected: "a key") {
            let position = here()
            guard let name = key(at: position) else { continue }
            skipBlank()
            let hasValue = colon(after: name)
            path.append(.name(name))
            let missing = DocumentValue(.unresolved(""), at: position)
            members.append(DocumentMember(name, hasValue ? value() : missing, at: position))
            path.removeLast()
            separator(before: "}")
        }
        reportDuplicates(members)
        return members
    }

    /// Reads a key, or reports what stands in its place and skips it.
    private mutating func key(at position: SourcePosition) -> String? {
        switch peek {
        case UInt8(ascii: "\""): return string(at: position)
        case UInt8(ascii: "'"): return singleQuoted(at: position)
        case let byte? where Self.isWord(byte):
            let text = token()
            report("found \(Shown.plain(text)) without quotes, expected a key: \(Shown.quoted(text))", at: position)
            return text
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            report("found \(foundHere()), expected a key in double quotes")
            _ = value()
            separator(before: "}")
        default:
            report("found \(foundHere()), expected a key in double quotes")
            skipGarbage()
        }
        return nil
    }

    /// Reads the colon after a key.
    ///
    /// - Returns: false if no value can follow.
    private mutating func colon(after name: String) -> Bool {
        if peek == UInt8(ascii: ":") {
            offset += 1
            skipBlank()
            return true
        }
        if forgivesMissingComma { return false }
        report("found \(foundHere()), expected \":\" after the key \(Shown.quoted(name))")
        switch peek {
        case nil, UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"): return false
        case UInt8(ascii: "="):
            offset += 1
            skipBlank()
            return true
        default: return true
        }
    }

    // MARK: Between values

    /// Skips to the next element or past the closing bracket.
    ///
    /// - Returns: true at the end of the container, whatever ended it.
    private mutating func atEnd(of close: UInt8, expected: String) -> Bool {
        while true {
            skipBlank()
            switch peek {
            case close:
                offset += 1
                return true
            case nil:
                if !forgivesMissingBracket { report("found the end of the file, expected \(closing)") }
                return true
            case UInt8(ascii: ","):
                report("found \",\", expected \(expected)")
                offset += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if !forgivesMissingBracket { report("found \(foundHere()), expected \(closing)") }
                let bracket: UInt8 = bytes[offset] == UInt8(ascii: "}") ? UInt8(ascii: "{") : UInt8(ascii: "[")
                // It closes an outer one if it can, else it is this one's, mistyped.
                if !open.contains(where: { $0.bracket == bracket }) { offset += 1 }
                return true
            default: return false
            }
        }
    }

    /// `"}" to close the "{" at 3:12`.
    private var closing: String {
        guard let (bracket, position) = open.last else { return "a value" }
        let (from, to) = bracket == UInt8(ascii: "{") ? ("{", "}") : ("[", "]")
        return "\"\(to)\" to close the \"\(from)\" at \(position.line):\(position.column)"
    }

    /// Reads the comma after an element, if there is one; a closing bracket is left to be read.
    private mutating func separator(before close: String) {
        let isForgiven = forgivesMissingComma
        forgivesMissingComma = false
        skipBlank()
        switch peek {
        case UInt8(ascii: ","): offset += 1
        case nil, UInt8(ascii: "}"), UInt8(ascii: "]"): break
        case UInt8(ascii: ":"), UInt8(ascii: ";"), UInt8(ascii: "="):
            report("found \(foundHere()), expected \",\" or \"\(close)\"")
            offset += 1
        default:
            if !isForgiven { report("found \(foundHere()), expected \",\" or \"\(close)\"") }
        }
    }

    private mutating func reportDuplicates(_ members: [DocumentMember]) {
        if members.count < 2 { return }
        var first: [String: SourcePosition] = Dictionary(minimumCapacity: members.count)
        for member in members {
            let position = member.namePosition ?? .start
            guard let before = first.updateValue(position, forKey: member.name) else { continue }
            first[member.name] = before
            duplicateCount += 1
            if duplicateCount > Self.duplicateFaultLimit { return }
            let message = "found this key a second time (first on line \(before.line)), expected it once"
            faults.append(
                Fault(PipelineError(.invalidParameter, at: shownPath(to: member.name), message), position: position))
        }
    }

    private func shownPath(to name: String) -> String {
        var text = ""
        for step in path {
            switch step {
            case .name(let name): text += Shown.step(name)
            case .index(let index): text += "[\(index)]"
            }
        }
        text += Shown.step(name)
        return text.hasPrefix(".") ? String(text.dropFirst()) : text
    }

    // MARK: Places and faults

    var peek: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    /// The place of the next byte.
    mutating func here() -> SourcePosition {
        while mark < offset {
            if bytes[mark] & 0xC0 != 0x80 { markColumn += 1 }
            mark += 1
        }
        return SourcePosition(line: line, column: markColumn)
    }

    /// Goes on by a byte, or by a line's end of two.
    mutating func skipByte() {
        let byte = bytes[offset]
        offset += 1
        if byte == 0x0D, peek == 0x0A { offset += 1 }
        if byte == 0x0A || byte == 0x0D {
            line += 1
            mark = offset
            markColumn = 1
        }
    }

    /// Reports a syntax fault, once for a place: what follows from it at the same place is no news.
    mutating func report(_ message: String, at position: SourcePosition? = nil) {
        let position = position ?? here()
        if faults.last?.position == position || syntaxFaultCount > Self.syntaxFaultLimit { return }
        syntaxFaultCount += 1
        if syntaxFaultCount > Self.syntaxFaultLimit {
            faults.append(
                Self.fault("found too many faults of syntax; the file was not read beyond this place", at: position))
            stop()
        } else {
            faults.append(Self.fault(message, at: position))
        }
    }
    private var syntaxFaultCount = 0
    private(set) var isStopped = false

    /// Leaves the rest of the file unread: from the next blank on there is nothing more. The byte that is being looked
    /// at stays, so that whoever reports a fault may go on as if it was the first.
    mutating func stop() {
        syntaxFaultCount = Self.syntaxFaultLimit + 1
        isStopped = true
    }

    private static func fault(_ message: String, at position: SourcePosition) -> Fault {
        Fault(PipelineError(.syntax, message), position: position)
    }
}

extension SourcePosition {
    static let start = SourcePosition(line: 1, column: 1)
}
