internal import SyrinxCore

/// Finds the files that a command line names.
enum BatchFiles {
    struct File: Sendable {
        let path: String
        /// Its folders beneath the pattern's fixed start, or beneath the folder that was named; empty: none.
        let folder: String
    }

    /// Endings that are taken in a folder that is named as a whole.
    static let endings: Set<String> = [
        "wav", "wave", "bwf", "rf64", "w64", "aiff", "aif", "aifc", "caf", "flac", "ogg", "oga", "opus", "mp3", "au",
        "snd",
        "sph", "voc",
    ]

    /// All files, each once, in the order of the arguments.
    ///
    /// - Throws: `.missingInput` for an argument that names no file.
    static func find(_ arguments: [String]) throws(PipelineError) -> [File] {
        var files: [File] = []
        var seen: Set<String> = []
        for argument in arguments {
            let before = files.count
            var found = 0
            func take(_ path: String, from root: String) {
                found += 1
                if seen.insert(path).inserted { files.append(File(path: path, folder: beneath(root, path))) }
            }
            switch Folder.kind(argument, followsLinks: true) {
            case .folder:
                let root = argument == "/" ? argument : String(argument.reversed().drop { $0 == "/" }.reversed())
                walk(root) { take($0, from: root) }
            case .file, .other: take(argument, from: Folder.of(argument))
            case .missing where PathPattern.isPattern(argument):
                let pattern = PathPattern(argument)
                pattern.forEach { take($0, from: pattern.root) }
            case .missing: break
            }
            if found == 0, files.count == before {
                throw PipelineError(
                    .missingInput, at: Shown.plain(argument, limit: 200),
                    "no such file; expected a file, a folder with sound files, or a pattern such as 'takes/**/*.wav'")
            }
        }
        return files
    }

    /// Every sound file beneath a folder, by its ending.
    private static func walk(_ folder: String, _ body: (String) -> Void) {
        for name in Folder.names(folder) where !name.hasPrefix(".") {
            let path = Folder.join(folder, name)
            switch Folder.kind(path, followsLinks: false) {
            case .folder: walk(path, body)
            case .file:
                if let dot = name.lastIndex(of: "."), endings.contains(name[name.index(after: dot)...].lowercased()) {
                    body(path)
                }
            case .other, .missing: continue
            }
        }
    }

    private static func beneath(_ root: String, _ path: String) -> String {
        let folder = Folder.of(path)
        if root.isEmpty { return folder }
        var rest = folder.dropFirst(root.count)
        while rest.first == "/" { rest.removeFirst() }
        return String(rest)
    }
}
