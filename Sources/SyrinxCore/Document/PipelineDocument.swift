/// A pipeline as it was written, before anything is checked against node types.
///
/// Read from a file by SyrinxConfig, or put together in code. Positions are nil where no file stands behind it.
public struct PipelineDocument: Sendable {
    public var name: String?
    public var description: String?
    /// The members of `engine`, unchecked.
    public var engine: [DocumentMember]
    /// In the order of the file. An id that the file has twice is there twice: the reader reports it, the checker looks
    /// at both.
    public var nodes: [DocumentNode]
    public var links: [DocumentLink]
    /// How the document is called in reports: the file's name as the user gave it.
    public var file: String
    /// What the file needs from outside.
    public var references: [DocumentReference]

    public init(
        file: String = "pipeline", name: String? = nil, description: String? = nil, engine: [DocumentMember] = [],
        nodes: [DocumentNode] = [], links: [DocumentLink] = [], references: [DocumentReference] = []
    ) {
        self.file = file
        self.name = name
        self.description = description
        self.engine = engine
        self.nodes = nodes
        self.links = links
        self.references = references
    }
}

/// A value as it was written, with its place.
public struct DocumentValue: Sendable, Hashable {
    public indirect enum Content: Sendable, Hashable {
        case null
        case boolean(Bool)
        /// `text` is the number as written.
        case number(Double, text: String)
        case string(DocumentText)
        case list([DocumentValue])
        case object([DocumentMember])
        /// A string with a reference that is not looked up in this run (`check`, `explain`): any type, any value.
        case unresolved(String)
    }

    public var content: Content
    public var position: SourcePosition?

    public init(_ content: Content, at position: SourcePosition? = nil) {
        self.content = content
        self.position = position
    }
}

/// A string after its references were replaced.
public struct DocumentText: Sendable, Hashable {
    public var text: String
    /// The string was one reference only: it is read as the type that its parameter wants, and if it is empty the
    /// parameter is unset.
    public var isReference: Bool
    /// It begins with a value from the command line: as a path it belongs to the working directory.
    public var beginsOnCommandLine: Bool
    /// It holds something from the environment or a file, not only what is written in the document.
    public var comesFromOutside: Bool
    /// It holds something that was typed as such on the command line, where a secret has no place: other users and the
    /// shell's history see it.
    public var isTypedOnCommandLine: Bool

    public init(
        _ text: String, isReference: Bool = false, beginsOnCommandLine: Bool = false, comesFromOutside: Bool = false,
        isTypedOnCommandLine: Bool = false
    ) {
        self.text = text
        self.isReference = isReference
        self.beginsOnCommandLine = beginsOnCommandLine
        self.comesFromOutside = comesFromOutside
        self.isTypedOnCommandLine = isTypedOnCommandLine
    }
}

/// One `"key": value`.
public struct DocumentMember: Sendable, Hashable {
    public var name: String
    public var namePosition: SourcePosition?
    public var value: DocumentValue

    public init(_ name: String, _ value: DocumentValue, at position: SourcePosition? = nil) {
        self.name = name
        namePosition = position
        self.value = value
    }
}

/// One node, its type still a mere name and its parameters unchecked (`x-` keys are gone already).
public struct DocumentNode: Sendable, Hashable {
    public var id: String
    public var position: SourcePosition?
    /// Empty where the file gives none that can be read; that fault is reported by the reader.
    public var type: String
    public var typePosition: SourcePosition?
    /// All members but `type`; `bypass` is among them.
    public var parameters: [DocumentMember]

    public init(
        id: String, type: String, parameters: [DocumentMember] = [], at position: SourcePosition? = nil,
        typeAt typePosition: SourcePosition? = nil
    ) {
        self.id = id
        self.type = type
        self.parameters = parameters
        self.position = position
        self.typePosition = typePosition
    }
}

/// One entry of `links`: a chain `"mic -> trim -> evi:in"`, or an object.
public struct DocumentLink: Sendable, Hashable {
    /// The chain; for an object, `from -> to`.
    public var text: String
    public var scale: Double
    public var offset: Double
    /// False: this link is left out when paths are aligned in time.
    public var compensate: Bool
    public var position: SourcePosition?
    /// Its place in the file's list, where entries before it could not be read; nil: its place in the document.
    public var index: Int?

    public init(
        _ text: String, scale: Double = 1, offset: Double = 0, compensate: Bool = true,
        at position: SourcePosition? = nil, index: Int? = nil
    ) {
        self.index = index
        self.text = text
        self.scale = scale
        self.offset = offset
        self.compensate = compensate
        self.position = position
    }
}

/// A `${…}` of the file.
public struct DocumentReference: Sendable, Hashable {
    public enum Source: Sendable, Hashable {
        case variable(String)
        case environment(String)
        case file(String)
    }

    public var source: Source
    public var hasDefault: Bool
    /// It is set, or the file can be expected to be there.
    public var isSet: Bool
    public var position: SourcePosition?

    public init(_ source: Source, hasDefault: Bool, isSet: Bool, at position: SourcePosition? = nil) {
        self.source = source
        self.hasDefault = hasDefault
        self.isSet = isSet
        self.position = position
    }
}
