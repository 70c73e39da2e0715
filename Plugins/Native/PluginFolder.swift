internal import Glibc
internal import SyrinxCore

/// Where plugins are looked for, and who may write there.
enum PluginFolder {
    /// The search path, in its order: SYRINX_PLUGIN_PATH, `~/.local/lib/syrinx`, `/usr/lib/syrinx`.
    static func all(_ environment: (String) -> String?) -> [String] {
        let given = environment("SYRINX_PLUGIN_PATH").map { $0.split(separator: ":").map(String.init) } ?? []
        let home = environment("HOME").map { ["\($0)/.local/lib/syrinx"] } ?? []
        return given + home + ["/usr/lib/syrinx"]
    }

    /// The shared objects in a folder, by name; nil where there is no such folder.
    static func files(in folder: String) -> [String]? {
        guard let listing = opendir(folder) else { return nil }
        defer { closedir(listing) }
        var names: [String] = []
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".so"), !name.hasPrefix(".") { names.append("\(folder)/\(name)") }
        }
        return names.sorted()
    }

    /// Why a folder's files are not loaded, if they are not.
    static func reason(against folder: String) -> String? {
        var status = stat()
        guard stat(folder, &status) == 0 else { return String(cString: strerror(errno)) }
        if status.st_mode & S_IWOTH != 0, status.st_mode & S_ISVTX == 0 {
            return "every user may put files into \(folder); chmod o-w it"
        }
        return nil
    }
}

/// What tells one state of a file from another.
struct FileStamp: Sendable, Hashable {
    let path: String
    let figures: [Int]

    /// - Throws: why the file is not loaded.
    init(_ path: String) throws(PipelineError) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw PipelineError(.unavailable, at: path, String(cString: strerror(errno)))
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw PipelineError(.unavailable, at: path, "it is no regular file")
        }
        if status.st_mode & S_IWOTH != 0 {
            throw PipelineError(.unavailable, at: path, "every user may write to it; chmod o-w it")
        }
        self.path = path
        figures = [
            Int(status.st_dev), Int(status.st_ino), Int(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
            status.st_ctim.tv_sec, status.st_ctim.tv_nsec,
        ]
    }

    func write(to tokens: inout TokenList) {
        tokens.append(path)
        for figure in figures { tokens.append(figure) }
    }

    init?(from reader: inout TokenReader) {
        guard let path = reader.text() else { return nil }
        var figures: [Int] = []
        for _ in 0..<7 {
            guard let figure = reader.integer() else { return nil }
            figures.append(figure)
        }
        (self.path, self.figures) = (path, figures)
    }
}
