/// A place in a pipeline file. Both count from 1; `column` counts characters.
public struct SourcePosition: Sendable, Hashable, Comparable {
    public var line: Int
    public var column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    public static func < (one: Self, other: Self) -> Bool { (one.line, one.column) < (other.line, other.column) }
}

/// One thing that is wrong, or doubtful, in a pipeline file.
public struct Fault: Error, Sendable, Hashable {
    public enum Severity: Sendable, Hashable {
        /// The file cannot be run.
        case error
        /// The file runs; the user should know all the same.
        case warning
    }

    public let error: PipelineError
    public let severity: Severity
    /// Where in the file, if the document came from one.
    public let position: SourcePosition?

    public init(_ error: PipelineError, severity: Severity = .error, position: SourcePosition? = nil) {
        self.error = error
        self.severity = severity
        self.position = position
    }

    /// The report's line: `call.json:9:42: nodes.limiter.ceiling_db: found 3.0 dB, expected −60…0 dB`.
    public func line(file: String) -> String {
        let place = position.map { "\(file):\($0.line):\($0.column): " } ?? "\(file): "
        return place + (severity == .warning ? "warning: " : "") + error.description
    }
}

/// Several faults, in the order of the document.
public struct Faults: Error, Sendable {
    public var all: [Fault]

    public init(_ all: [Fault]) { self.all = all }

    public var errors: [Fault] { all.filter { $0.severity == .error } }
}

extension Sequence where Element == Fault {
    /// By their place in the file, in the order in which they were found where that is equal; what has no place stands
    /// at the end.
    public var inOrder: [Fault] {
        enumerated().sorted { one, other in
            switch (one.element.position, other.element.position) {
            case (let a?, let b?) where a != b: a < b
            case (nil, _?): false
            case (_?, nil): true
            default: one.offset < other.offset
            }
        }.map(\.element)
    }
}
