internal import Glibc

/// A pattern of paths as shells have them: `*`, `?`, `[a-z]`, `[!a-z]`, and `**` for any number of folders.
///
/// Names that begin with a dot are matched only where the pattern writes the dot; links to folders are followed where the
/// pattern names them, and not by `**`, so that a search ends.
struct PathPattern {
    /// The folders before the first wildcard; empty: the working directory.
    let root: String
    private let parts: [Substring]

    /// True: the text holds a wildcard.
    static func isPattern(_ text: String) -> Bool { text.utf8.contains { $0 == 0x2A || $0 == 0x3F || $0 == 0x5B } }

    init(_ text: String) {
        let all = text.split(separator: "/", omittingEmptySubsequences: true)
        let fixed = all.prefix { !Self.isPattern(String($0)) }.prefix(all.count - 1)
        root = (text.hasPrefix("/") ? "/" : "") + fixed.joined(separator: "/")
        parts = Array(all.dropFirst(fixed.count))
    }

    /// Calls the body with every regular file that matches, folder by folder, names in order of their bytes; each once.
    func forEach(_ body: (String) -> Void) { walk(root, parts[...], body) }

    private func walk(_ folder: String, _ parts: ArraySlice<Substring>, _ body: (String) -> Void) {
        guard let part = parts.first else { return }
        let rest = parts.dropFirst()
        if part == "**" {
            // `**` at the end takes all files; several in a row are one.
            let rest = rest.drop { $0 == "**" }
            walk(folder, rest.isEmpty ? ["*"] : rest, body)
            for name in Folder.names(folder) where !name.hasPrefix(".") {
                let path = Folder.join(folder, name)
                if Folder.kind(path, followsLinks: false) == .folder { walk(path, parts, body) }
            }
            return
        }
        let names = Self.isPattern(String(part)) ? Folder.names(folder) : [String(part)]
        for name in names where Self.matches(name, part) {
            let path = Folder.join(folder, name)
            switch Folder.kind(path, followsLinks: true) {
            case .file where rest.isEmpty: body(path)
            case .folder where !rest.isEmpty: walk(path, rest, body)
            default: continue
            }
        }
    }

    /// Whether one name fits one part of a pattern.
    static func matches(_ name: String, _ pattern: Substring) -> Bool {
        if name.hasPrefix("."), !pattern.hasPrefix(".") { return false }
        return fnmatch(String(pattern), name, FNM_NOESCAPE) == 0
    }
}

/// Looks into folders.
enum Folder {
    enum Kind { case file, folder, other, missing }

    /// The names in a folder in order of their bytes; none where it cannot be read.
    static func names(_ folder: String) -> [String] {
        guard let stream = opendir(folder.isEmpty ? "." : folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    static func kind(_ path: String, followsLinks: Bool) -> Kind {
        var status = stat()
        guard (followsLinks ? stat(path, &status) : lstat(path, &status)) == 0 else { return .missing }
        return switch status.st_mode & S_IFMT {
        case S_IFREG: .file
        case S_IFLNK where !followsLinks:
            stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG ? .file : .other
        case S_IFDIR: .folder
        default: .other
        }
    }

    static func join(_ folder: String, _ name: String) -> String {
        folder.isEmpty ? name : folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
    }

    /// The folder of a path; empty: the working directory.
    static func of(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "" }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Makes a folder and those above it.
    ///
    /// - Returns: 0, or the system's error number.
    static func make(_ folder: String) -> Int32 {
        if folder.isEmpty || kind(folder, followsLinks: true) == .folder { return 0 }
        let status = make(of(folder))
        if status != 0 { return status }
        // Another worker, or another shard, may make it at the same moment.
        if mkdir(folder, 0o777) == 0 || kind(folder, followsLinks: true) == .folder { return 0 }
        return errno
    }
}
