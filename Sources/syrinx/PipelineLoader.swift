internal import ArgumentParser
internal import SyrinxConfig
internal import SyrinxCore
internal import SyrinxGraph
internal import SyrinxHost

/// Takes a pipeline file as far as a checked pipeline: read, `--bind`, `--set`, check.
struct PipelineLoader {
    let registry: NodeRegistry
    /// Knows the secrets of what was loaded.
    private(set) var console = Console()

    init() throws {
        do throws(PipelineError) {
            registry = try Plugins.registry()
        } catch {
            throw Console().fail(error)
        }
    }

    /// Loads a file; its faults and warnings are written to standard error.
    ///
    /// - Throws: ``ExitCode`` if the file cannot be read, or has a fault.
    mutating func load(_ request: LoadRequest, _ mode: Lookup.Mode) throws -> CheckedPipeline {
        let (pipeline, faults): (CheckedPipeline?, [Fault])
        do throws(PipelineError) {
            (pipeline, faults) = try check(request, mode)
        } catch {
            throw console.fail(error)
        }
        let code = console.report(faults, file: request.name)
        guard let pipeline, code == nil else { throw code ?? ExitCode(PipelineError.Code.internal.exitCode) }
        return pipeline
    }

    /// Reads a file, changes it as the command line says, and checks it.
    ///
    /// - Returns: the pipeline, unless a fault is an error; and all faults in the order of the file.
    /// - Throws: if there is nothing to check: the file cannot be read, or an option cannot.
    mutating func check(
        _ request: LoadRequest, _ mode: Lookup.Mode
    ) throws(PipelineError) -> (pipeline: CheckedPipeline?, faults: [Fault]) {
        var variables: [String: String] = [:]
        for argument in request.variables {
            let (name, value) = try Lookup.variable(argument)
            variables[name] = value
        }
        let lookup = Lookup(
            mode, variables: variables, environment: request.rehearsal?.environment ?? Lookup.processEnvironment)
        let read =
            if let content = request.content {
                DocumentReader.read(content, named: request.file, folder: FileBytes.folder(of: request.file), lookup)
            } else {
                try DocumentReader.read(file: request.file, lookup)
            }
        var document = read.document
        document.file = request.name
        noteSecrets(document)
        // What follows from broken syntax would only hide it.
        guard read.isComplete else { return (nil, read.faults) }
        var faults = read.faults
        for bind in request.binds {
            if let fault = Binding.apply(bind, to: &document, registry) { faults.append(fault) }
        }
        faults += Self.set(request.sets, in: &document, lookup)
        request.rehearsal?.apply(to: &document)
        noteSecrets(document)
        return PipelineReader(registry: registry).findings(
            document, told: faults, folder: Self.folder(of: request.file))
    }

    /// Applies `--set`; `engine` is treated as a node unless the file has one of that name.
    private static func set(_ arguments: [String], in document: inout PipelineDocument, _ lookup: Lookup) -> [Fault] {
        let hasNode = document.nodes.contains { $0.id == "engine" }
        if !hasNode {
            document.nodes.append(DocumentNode(id: "engine", type: "engine", parameters: document.engine))
        }
        let faults = Overrides.apply(arguments, to: &document, lookup)
        if !hasNode { document.engine = document.nodes.removeLast().parameters }
        return faults
    }

    /// Remembers every value that must not be shown.
    private mutating func noteSecrets(_ document: PipelineDocument) {
        for node in document.nodes {
            noteSecrets(node.parameters, registry[node.type]?.descriptor.parameters ?? [])
        }
    }

    private mutating func noteSecrets(_ members: [DocumentMember], _ descriptors: [ParameterDescriptor]) {
        for member in members {
            guard let descriptor = descriptors.first(where: { $0.name == member.name }) else { continue }
            switch member.value.content {
            case .string(let text) where descriptor.secret: console.mask.insert(text.text)
            case .object(let inner):
                if case .object(let descriptors) = descriptor.kind { noteSecrets(inner, descriptors) }
            default: continue
            }
        }
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "" }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
