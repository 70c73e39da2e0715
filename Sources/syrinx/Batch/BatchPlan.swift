internal import ArgumentParser
internal import Glibc
internal import SyrinxConfig
internal import SyrinxCore
internal import SyrinxGraph
internal import SyrinxHost

/// What a batch's command line comes to, once the pipeline has been looked at.
struct BatchPlan {
    private let command: BatchCommand
    private let loader: PipelineLoader
    private let request: LoadRequest
    private let recipe: BatchRecipe
    private let pipeline: Fingerprint

    /// Reads the pipeline, once for all rows, and checks what does not depend on a row.
    ///
    /// - Throws: ``ExitCode``; what is wrong is told.
    init(_ command: BatchCommand, _ loader: PipelineLoader) throws {
        self.command = command
        var loader = loader
        var request = LoadRequest(file: command.file, sets: command.settings.sets)
        let console = loader.console
        request.content = try console.orFail { () throws(PipelineError) in
            try FileBytes.load(command.file, limit: 4 << 20)
        }
        let checked = try loader.load(request, .check)
        recipe = try console.orFail { () throws(PipelineError) in
            try Self.needsNoClock(checked, loader.registry)
            return try Self.recipe(command, checked)
        }
        var pipeline = Fingerprint()
        pipeline.add(request.content ?? [])
        for set in command.settings.sets { pipeline.add(set) }
        pipeline.add(command.duration.text ?? "")
        self.pipeline = pipeline
        self.loader = loader
        self.request = request
    }

    private static func needsNoClock(_ checked: CheckedPipeline, _ registry: NodeRegistry) throws(PipelineError) {
        let driver = DriverChoice.wanted(for: checked)
        if driver == OfflineDriver.name { return }
        throw PipelineError(
            .usage, at: "batch",
            "this pipeline wants the driver \"\(driver)\", and a batch runs from file to file; use run for it")
    }

    private static func recipe(_ command: BatchCommand, _ checked: CheckedPipeline) throws(PipelineError) -> BatchRecipe
    {
        var known: Set<String> = []
        var needed: [String] = []
        for reference in checked.document.references {
            guard case .variable(let name) = reference.source else { continue }
            known.insert(name)
            if !reference.hasDefault, !reference.isSet, !needed.contains(name) { needed.append(name) }
        }
        var given: [String: PathTemplate] = [:]
        for argument in command.variables {
            let (name, value) = try Lookup.variable(argument)
            guard known.contains(name) else {
                let hint = NearestName.suggestion(name, among: known.sorted())
                throw PipelineError(
                    .usage, at: "--var", "the pipeline has no variable \(Shown.quoted(name))\(hint)")
            }
            given[name] = try PathTemplate(value, option: "--var \(name)")
        }
        let output = try command.output.map { text throws(PipelineError) in
            try PathTemplate(text, option: "--output")
        }
        if output != nil, !known.contains("out") {
            throw PipelineError(.usage, at: "--output", "the pipeline has no variable \"out\" that it could be")
        }
        if command.manifest == nil {
            let have = Set(given.keys).union(["in"]).union(output == nil ? [] : ["out"])
            if let missing = needed.first(where: { !have.contains($0) }) {
                let option = missing == "out" ? "--output 'out/{stem}.wav'" : "--var \(missing)=…"
                throw PipelineError(.usage, at: option, "the pipeline needs ${\(missing)}, which nothing sets; give it")
            }
        }
        return BatchRecipe(known: known, output: output, given: given)
    }

    /// The rows.
    func source(_ console: Console) throws(PipelineError) -> BatchSource {
        if let manifest = command.manifest {
            return try BatchSource(manifest: manifest, recipe, shard: command.shard) { console.say($0) }
        }
        return try BatchSource(try BatchFiles.find(command.inputs), recipe, shard: command.shard)
    }

    /// What is done with each row.
    func work(onNotice: @escaping @Sendable (BatchRow, String) -> Void) throws(PipelineError) -> BatchWork {
        if let folder = command.reportDir {
            let code = Folder.make(folder)
            if code != 0 {
                throw PipelineError(
                    .cannotCreate, at: "--report-dir", "cannot make \(Shown.plain(folder, limit: 200))",
                    cause: String(cString: strerror(code)))
            }
        }
        let duration = try command.duration.seconds()
        return BatchWork(
            loader: loader, request: request, pipeline: pipeline,
            journal: try BatchJournal(journalPath, shard: command.shard, writes: !command.dryRun), duration: duration,
            skipsExisting: command.skipExisting, doesAgain: command.again, reportFolder: command.reportDir,
            onNotice: onNotice)
    }

    /// Beside the output; for a manifest that names its outputs itself, beside the manifest.
    private var journalPath: String {
        if let path = command.journal { return path }
        let name = ".syrinx-batch.jsonl"
        if let output = recipe.output { return Folder.join(output.fixedFolder, name) }
        if let manifest = command.manifest {
            return manifest.hasSuffix(".jsonl") ? manifest.dropLast(6) + ".journal.jsonl" : manifest + ".journal.jsonl"
        }
        return name
    }
}
