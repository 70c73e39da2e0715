internal import Glibc
internal import SyrinxCore

/// A folder that appears with all its files or not at all: filled as `PATH.part`, then renamed.
///
/// - Thread: any, one at a time.
struct WholeFolder {
    let path: String
    /// Where its files go until it is finished.
    let part: String
    /// Holds the lock by which a folder that is being filled is told from one left behind.
    private let descriptor: Int32

    /// - Throws: `.cannotCreate` where there is a folder with something in it.
    init(_ path: String) throws(PipelineError) {
        var path = path
        while path.utf8.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.path = path
        part = path + ".part"
        var status = stat()
        if stat(path, &status) == 0 {
            if status.st_mode & S_IFMT != S_IFDIR {
                throw Self.error(path, "is a file; expected the name of a new folder")
            }
            guard let names = Self.names(in: path) else { throw Self.error(path, "cannot look into it", errno) }
            if !names.isEmpty {
                throw Self.error(path, "the folder is not empty (\(Shown.plain(names[0], limit: 60))); name a new one")
            }
        }
        let isNew = mkdir(part, 0o777) == 0
        if !isNew, errno != EEXIST { throw Self.error(path, "cannot create the folder", errno) }
        descriptor = open(part, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if descriptor < 0 { throw Self.error(path, "\(Shown.plain(part, limit: 200)) is in the way", errno) }
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            close(descriptor)
            throw Self.error(path, "something else is filling it just now, as \(Shown.plain(part, limit: 200))")
        }
        if !isNew { clear() }
    }

    /// Gives the folder its name. Call this or ``discard()``, once.
    ///
    /// - Throws: `.cannotCreate`.
    func finish() throws(PipelineError) {
        defer { close(descriptor) }
        if rename(part, path) == 0 { return }
        let code = errno
        clear()
        rmdir(part)
        throw Self.error(path, "cannot give the folder its name", code)
    }

    /// Leaves nothing behind.
    func discard() {
        clear()
        rmdir(part)
        close(descriptor)
    }

    /// Removes the files, of this run or of one that was killed.
    private func clear() {
        for name in Self.names(in: part) ?? [] { unlink("\(part)/\(name)") }
    }

    private static func names(in folder: String) -> [String]? {
        guard let opened = opendir(folder) else { return nil }
        defer { closedir(opened) }
        var names: [String] = []
        while let entry = readdir(opened) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    private static func error(_ path: String, _ words: String, _ code: Int32? = nil) -> PipelineError {
        PipelineError(
            .cannotCreate, at: Shown.plain(path, limit: 200), words, cause: code.map { String(cString: strerror($0)) })
    }
}
