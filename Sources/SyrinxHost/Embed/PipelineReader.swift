internal import SyrinxConfig
public import SyrinxCore
public import SyrinxGraph

/// Reads pipelines for programs that use Syrinx as a library: JSON text or a file, as far as a checked pipeline.
///
/// ```swift
/// var registry = NodeRegistry()
/// try registry.register(BasicPlugin.self)
/// let pipeline = try PipelineReader(registry: registry).read(file: "voice.json")
/// ```
///
/// - Thread: control.
public struct PipelineReader: Sendable {
    /// The node types that a pipeline may use.
    public var registry: NodeRegistry
    /// What `--var` gives on the command line, by name.
    public var variables: [String: String]

    public init(registry: NodeRegistry, variables: [String: String] = [:]) {
        self.registry = registry
        self.variables = variables
    }

    /// Reads and checks a file; its paths start from its folder.
    ///
    /// - Throws: `Faults`, all of them, in the file's order.
    public func read(file: String) throws(Faults) -> CheckedPipeline {
        let read: ReadDocument
        do throws(PipelineError) {
            read = try DocumentReader.read(file: file, Lookup(.run, variables: variables))
        } catch {
            throw Faults([Fault(error)])
        }
        return try check(read, folder: file.lastIndex(of: "/").map { String(file[...$0]) } ?? "")
    }

    /// Reads and checks JSON text.
    ///
    /// - Parameters:
    ///   - json: the pipeline, as in a file.
    ///   - name: what reports call it.
    ///   - folder: where its paths start; empty: the working directory.
    /// - Throws: `Faults`, all of them, in the text's order.
    public func read(json: String, named name: String = "pipeline", folder: String = "") throws(Faults)
        -> CheckedPipeline
    {
        let lookup = Lookup(.run, variables: variables)
        let read = DocumentReader.read(
            Array(json.utf8), named: name, folder: folder.isEmpty ? "." : folder, lookup)
        return try check(read, folder: folder)
    }

    /// Checks a document that was put together in code.
    ///
    /// - Parameters:
    ///   - document: the pipeline.
    ///   - folder: where its paths start; empty: the working directory.
    /// - Throws: `Faults`, all of them; they have no positions.
    public func check(_ document: PipelineDocument, folder: String = "") throws(Faults) -> CheckedPipeline {
        try check(document, told: [], folder: folder)
    }

    private func check(_ read: ReadDocument, folder: String) throws(Faults) -> CheckedPipeline {
        // What follows from broken syntax would only hide it.
        guard read.isComplete else { throw Faults(read.faults) }
        return try check(read.document, told: read.faults, folder: folder)
    }

    /// - Parameter told: faults that the reader has found already.
    private func check(
        _ document: PipelineDocument, told: [Fault], folder: String
    ) throws(Faults) -> CheckedPipeline {
        let (pipeline, faults) = findings(document, told: told, folder: folder)
        guard let pipeline else { throw Faults(faults) }
        return pipeline
    }

    /// Checks a document, with what was found amiss in it before.
    ///
    /// - Parameters:
    ///   - document: what is checked.
    ///   - told: faults that are known already; of what the checker finds at the same place, nothing is told again.
    ///   - folder: where its paths start; empty: the working directory.
    /// - Returns: the pipeline, unless a fault is an error; and all faults, warnings among them, in the document's order.
    public func findings(
        _ document: PipelineDocument, told: [Fault] = [], folder: String = ""
    ) -> (pipeline: CheckedPipeline?, faults: [Fault]) {
        let (pipeline, found) = PipelineChecker(registry: registry, directory: folder).check(document)
        let paths = Set(told.map(\.error.path))
        let faults = (told + found.filter { !paths.contains($0.error.path) || $0.error.path.isEmpty }).inOrder
        return (faults.contains { $0.severity == .error } ? nil : pipeline, faults)
    }
}
