/// The values of one node's parameters, checked against its descriptor, defaults filled in.
///
/// - Throws: the members throw `.internal` if the descriptor does not know the name, or knows it as another kind: a
///   mistake of the node's author that its first test finds.
public struct Parameters: Sendable {
    /// Where the node stands: `nodes.trim`.
    public let path: String
    /// The folder of the pipeline file, where whatever the node starts is at home; empty: the working directory.
    public let directory: String
    let values: [String: Value]

    /// - Parameters:
    ///   - path: the node's place in the file, for errors: `nodes.trim`.
    ///   - values: checked, with paths resolved; a name that is left out is unset.
    ///   - directory: the pipeline file's folder.
    public init(path: String, values: [String: Value], directory: String = "") {
        self.path = path
        self.directory = directory
        self.values = values
    }

    /// True: the parameter has a value, its default included.
    public func isSet(_ name: String) -> Bool { values[name] != nil }

    /// The value, or nil where it is unset.
    public func value(_ name: String) -> Value? { values[name] }

    public func number(_ name: String) throws(PipelineError) -> Double { try need(name, optionalNumber(name)) }
    public func integer(_ name: String) throws(PipelineError) -> Int { try need(name, optionalInteger(name)) }
    public func boolean(_ name: String) throws(PipelineError) -> Bool { try need(name, optionalBoolean(name)) }
    public func string(_ name: String) throws(PipelineError) -> String { try need(name, optionalString(name)) }
    public func list(_ name: String) throws(PipelineError) -> [Value] { try need(name, optionalList(name)) }

    public func optionalNumber(_ name: String) throws(PipelineError) -> Double? {
        try read(name, "a number") { $0.double }
    }

    public func optionalInteger(_ name: String) throws(PipelineError) -> Int? {
        try read(name, "an integer") { value in
            guard case .integer(let integer) = value else { return nil }
            return integer
        }
    }

    public func optionalBoolean(_ name: String) throws(PipelineError) -> Bool? {
        try read(name, "a boolean") { value in
            guard case .boolean(let boolean) = value else { return nil }
            return boolean
        }
    }

    public func optionalString(_ name: String) throws(PipelineError) -> String? {
        try read(name, "a string") { $0.string }
    }

    public func optionalList(_ name: String) throws(PipelineError) -> [Value]? {
        try read(name, "a list") { $0.list }
    }

    /// An error about one parameter, for a node's own checks.
    public func error(_ name: String, _ message: String) -> PipelineError {
        PipelineError(.invalidParameter, at: "\(path).\(name)", message)
    }

    private func read<T>(_ name: String, _ kind: String, _ get: (Value) -> T?) throws(PipelineError) -> T? {
        guard let value = values[name] else { return nil }
        guard let result = get(value) else {
            throw PipelineError(
                .internal, at: "\(path).\(name)", "the node reads it as \(kind), its descriptor says otherwise")
        }
        return result
    }

    private func need<T>(_ name: String, _ value: T?) throws(PipelineError) -> T {
        guard let value else {
            throw PipelineError(
                .internal, at: "\(path).\(name)", "the node needs it, its descriptor lets it stay unset")
        }
        return value
    }
}
