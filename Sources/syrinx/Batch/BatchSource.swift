internal import Glibc
internal import SyrinxConfig
internal import SyrinxCore

/// The rows of a batch, in their order: files that patterns and folders name, or the lines of a manifest.
///
/// Files are kept as paths; a manifest is read line by line, twice: to check it, and to work it off.
struct BatchSource: ~Copyable {
    private let files: [BatchFiles.File]
    private var manifest: ManifestReader?
    private let recipe: BatchRecipe
    private let shard: Shard
    /// Rows that were passed, of any shard.
    private var passed = 0
    /// Rows of the shard.
    let count: Int

    /// The rows of some files. What one row writes is no input of another: so a pattern may find its own outputs.
    ///
    /// - Throws: `.usage` where two would write the same file.
    init(_ files: [BatchFiles.File], _ recipe: BatchRecipe, shard: Shard) throws(PipelineError) {
        var outputs: [Fingerprint: Int] = [:]
        for (index, file) in files.enumerated() {
            guard let output = recipe.row(file, number: index + 1).variables["out"] else { continue }
            outputs[Target.name(output)] = index
        }
        let files = files.enumerated().filter { index, file in
            outputs[Target.name(file.path)].map { $0 == index } ?? true
        }.map(\.element)
        var claims = OutputClaims()
        for (index, file) in files.enumerated() {
            try claims.claim(recipe.row(file, number: index + 1))
        }
        self.init(files: files, manifest: nil, recipe, shard, rows: files.count)
    }

    /// The rows of a manifest, which is read once to the end.
    ///
    /// - Parameter warn: told once of every member that is no variable of the pipeline.
    /// - Throws: `.missingInput`; `.syntax` for a line that is no object of plain values; `.usage` where two rows would
    ///   write the same file.
    init(
        manifest path: String, _ recipe: BatchRecipe, shard: Shard, warn: (String) -> Void
    ) throws(PipelineError) {
        var first = try ManifestReader(path)
        var claims = OutputClaims()
        var strangers: Set<String> = []
        var rows = 0
        while let line = try first.next() {
            rows += 1
            for member in line.variables where !recipe.knows(member.key) && strangers.insert(member.key).inserted {
                warn(
                    "\(Shown.plain(path, limit: 200)):\(line.number): warning: \(Shown.quoted(member.key)) is no "
                        + "variable of the pipeline; left out")
            }
            try claims.claim(recipe.row(line, number: rows))
        }
        self.init(files: [], manifest: try ManifestReader(path), recipe, shard, rows: rows)
    }

    private init(
        files: [BatchFiles.File], manifest: consuming ManifestReader?, _ recipe: BatchRecipe, _ shard: Shard, rows: Int
    ) {
        self.files = files
        self.manifest = manifest
        self.recipe = recipe
        self.shard = shard
        count = shard.share(of: rows)
    }

    /// The next row of the shard; nil at the end.
    ///
    /// - Throws: if the manifest has changed or gone since it was checked.
    mutating func next() throws(PipelineError) -> BatchRow? {
        while true {
            passed += 1
            if manifest == nil {
                guard passed <= files.count else { return nil }
                if shard.holds(row: passed) { return recipe.row(files[passed - 1], number: passed) }
            } else {
                guard let line = try manifest?.next() else { return nil }
                if shard.holds(row: passed) { return recipe.row(line, number: passed) }
            }
        }
    }
}

/// Sees that no two rows write the same file, as far as their `out` tells.
private struct OutputClaims {
    /// Short names of outputs, with the row that has each.
    private var rows: [Fingerprint: Int] = [:]

    mutating func claim(_ row: BatchRow) throws(PipelineError) {
        guard let output = row.variables["out"], Target.isFileName(output) else { return }
        if let other = rows.updateValue(row.number, forKey: Target.name(output)) {
            let path = Shown.quoted(output)
            throw PipelineError(
                .usage, at: "--output",
                "rows \(other) and \(row.number) would both write \(path); tell them apart, as by {dir} or {row}")
        }
    }
}

/// What can be said of a path by its looks.
private enum Target {
    /// The same for `a.wav` and `./a.wav`.
    static func name(_ path: String) -> Fingerprint {
        var rest = path[...]
        while rest.hasPrefix("./") { rest = rest.dropFirst(2) }
        var name = Fingerprint()
        name.add(rest.utf8)
        return name
    }

    /// False: a device, which any number may write.
    static func isFileName(_ path: String) -> Bool {
        switch Folder.kind(path, followsLinks: true) {
        case .file, .missing: true
        case .folder, .other: false
        }
    }
}
