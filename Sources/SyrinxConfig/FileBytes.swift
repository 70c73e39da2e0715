internal import Glibc
package import SyrinxCore

/// Reads small files whole.
package enum FileBytes {
    enum Problem: Error {
        /// The system's word: `errno`.
        case system(Int32)
        case isDirectory
        case isTooLarge
    }

    /// The bytes of a file, a pipe or a device.
    ///
    /// - Throws: `.isTooLarge` as soon as more than `limit` bytes have come.
    /// - Thread: control; blocks.
    static func read(_ path: String, limit: Int) throws(Problem) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard file >= 0 else { throw .system(errno) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw .system(errno) }
        if status.st_mode & S_IFMT == S_IFDIR { throw .isDirectory }
        var bytes: [UInt8] = []
        if status.st_mode & S_IFMT == S_IFREG {
            if status.st_size > limit { throw .isTooLarge }
            bytes.reserveCapacity(Int(status.st_size))
        }
        var failure: Int32 = 0
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= limit {
            let count = chunk.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
            if count == 0 { return bytes }
            if count < 0 {
                failure = errno
                if failure == EINTR { continue }
                throw .system(failure)
            }
            bytes += chunk[..<count]
        }
        throw .isTooLarge
    }

    /// The bytes of a file, with a report that names it.
    ///
    /// - Parameter name: what the report calls it; nil is the path.
    /// - Throws: `.missingInput`, for a folder and for more than `limit` bytes too.
    /// - Thread: control; blocks.
    package static func load(_ path: String, named name: String? = nil, limit: Int) throws(PipelineError) -> [UInt8] {
        do {
            return try read(path, limit: limit)
        } catch {
            let words =
                switch error {
                case .system(let code): Self.words(for: code)
                case .isDirectory: "it is a folder"
                case .isTooLarge: "it has more than \(limit >> 20) MiB"
                }
            throw PipelineError(
                .missingInput, at: name ?? Shown.plain(path, limit: 200), "cannot read the file", cause: words)
        }
    }

    /// The system's words for an `errno`.
    static func words(for code: Int32) -> String { String(cString: strerror(code)) }

    /// A path in a folder; an absolute path stays as it is.
    static func join(_ folder: String, _ path: String) -> String {
        path.hasPrefix("/") || folder.isEmpty || folder == "."
            ? path : folder.hasSuffix("/") ? folder + path : folder + "/" + path
    }

    /// The folder that holds a file.
    package static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
