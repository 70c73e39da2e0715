internal import SyrinxCore

/// One stop of a link's chain as it was written: `node`, `node[channel]`, `node:port`, `node:port[channel]` or
/// `node.parameter`.
struct LinkStop: Hashable {
    var node: String
    var port: String?
    var channel: Int?
    var parameter: String?
    /// As written, for messages.
    var text: String
}

/// Reads a link's text into its stops.
enum LinkParser {
    /// - Throws: `.invalidLink` without a path; the checker adds it.
    static func parse(_ text: String) throws(PipelineError) -> [LinkStop] {
        let parts = split(text)
        var stops: [LinkStop] = []
        for part in parts { stops.append(try stop(part)) }
        guard stops.count >= 2 else {
            throw PipelineError(
                .invalidLink, #"found \#(Shown.quoted(text)), expected two or more nodes joined by "->""#)
        }
        for stop in stops.dropLast() where stop.parameter != nil {
            throw PipelineError(
                .invalidLink, #"\#(Shown.quoted(stop.text)) names a parameter; only the end of a link can"#)
        }
        return stops
    }

    /// Cuts at every `->`.
    private static func split(_ text: String) -> [String] {
        var parts: [String] = []
        var current: [Character] = []
        var previous: Character?
        for character in text {
            if character == ">", previous == "-" {
                current.removeLast()
                parts.append(String(current))
                current = []
                previous = nil
            } else {
                current.append(character)
                previous = character
            }
        }
        parts.append(String(current))
        return parts
    }

    private static func stop(_ part: String) throws(PipelineError) -> LinkStop {
        let text = String(part.trimmed)
        func broken(_ why: String) -> PipelineError {
            PipelineError(
                .invalidLink,
                #"found \#(Shown.quoted(text)): \#(why); expected node, node[channel], node:port, node:port[channel] or node.parameter"#
            )
        }
        guard !text.isEmpty else { throw broken("a node is missing beside the arrow") }
        var rest = Substring(text)
        var channel: Int?
        if rest.last == "]" {
            guard let open = rest.lastIndex(of: "["), let number = index(rest[open...].dropFirst().dropLast()) else {
                throw broken("the channel is no whole number from 0 to \(Limits.channels.upperBound - 1)")
            }
            channel = number
            rest = rest[..<open]
        }
        var port: Substring?
        var parameter: Substring?
        if let colon = rest.firstIndex(of: ":") {
            port = rest[rest.index(after: colon)...]
            rest = rest[..<colon]
        } else if let dot = rest.firstIndex(of: ".") {
            parameter = rest[rest.index(after: dot)...]
            rest = rest[..<dot]
            if channel != nil { throw broken("a parameter has no channels") }
        }
        guard isName(rest) else { throw broken(#"\#(Shown.quoted(rest)) is no node id"#) }
        if let port, !isName(port) { throw broken(#"\#(Shown.quoted(port)) is no port name"#) }
        if let parameter, !isName(parameter) { throw broken(#"\#(Shown.quoted(parameter)) is no parameter name"#) }
        return LinkStop(
            node: String(rest), port: port.map(String.init), channel: channel, parameter: parameter.map(String.init),
            text: text)
    }

    private static func index(_ digits: Substring) -> Int? {
        guard (1...4).contains(digits.utf8.count), digits.utf8.allSatisfy({ (48...57).contains($0) }) else {
            return nil
        }
        return Int(digits).flatMap { $0 < Limits.channels.upperBound ? $0 : nil }
    }

    private static func isName(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, (97...122).contains(first) else { return false }
        return text.utf8.allSatisfy {
            (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
        }
    }
}

extension String {
    /// Without blanks at both ends.
    fileprivate var trimmed: Substring {
        var text = self[...]
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }
}
