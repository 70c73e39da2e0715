/// Control outputs that a node has by its parameters: one for each word of a list.
///
/// `"expressions": ["Joy", "Surprise (positive)"]` gives the ports `joy` and `surprise_positive`.
public struct ListedOutputs: Sendable, Hashable {
    /// The parameter that holds the list of words.
    public let parameter: String
    /// What each of the outputs carries.
    public let summary: String

    public init(_ parameter: String, _ summary: String) {
        self.parameter = parameter
        self.summary = summary
    }

    /// The name of the port for a word: lower case, everything but letters and digits as one `_`.
    public static func portName(for word: String) -> String {
        var name = ""
        for byte in word.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): name.unicodeScalars.append(Unicode.Scalar(byte + 32))
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                name.unicodeScalars.append(Unicode.Scalar(byte))
            default: if !name.isEmpty, name.last != "_" { name.append("_") }
            }
        }
        while name.last == "_" { name.removeLast() }
        return name
    }
}

extension NodeDescriptor {
    /// The descriptor of one node: the type's, with the outputs that the node's values list; of two words with one port
    /// name the first counts.
    ///
    /// - Parameter values: checked; a list that is not known yet lists nothing.
    public func made(for values: [String: Value]) -> NodeDescriptor {
        guard let listedOutputs else { return self }
        var outputs = outputs
        for word in values[listedOutputs.parameter]?.list ?? [] {
            guard let word = word.string else { continue }
            let name = ListedOutputs.portName(for: word)
            if name.isEmpty || outputs.contains(where: { $0.name == name }) { continue }
            outputs.append(.control(name, "\(listedOutputs.summary): \(word)."))
        }
        return NodeDescriptor(
            type: type, summary: summary, inputs: inputs, outputs: outputs, refinedBy: refinedBy,
            parameters: parameters, events: events,
            worksInPlace: worksInPlace, pace: pace, details: details, example: example)
    }
}
