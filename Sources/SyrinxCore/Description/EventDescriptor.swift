/// One kind of event that a renderer can emit, with up to four numbers.
public struct EventDescriptor: Sendable, Hashable {
    /// As it stands in a log: `speech_begin`.
    public let name: String
    /// The names of its numbers, in the order in which the renderer gives them; at most ``RenderEvent/valueCount``.
    public let fields: [String]
    public let summary: String

    /// - Precondition: there are at most ``RenderEvent/valueCount`` fields.
    public init(_ name: String, fields: [String] = [], _ summary: String) {
        precondition(fields.count <= RenderEvent.valueCount)
        self.name = name
        self.fields = fields
        self.summary = summary
    }
}
