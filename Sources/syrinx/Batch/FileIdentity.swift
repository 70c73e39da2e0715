internal import Glibc
internal import SyrinxCore

/// What a file was when it was looked at: its path, its size, and when it was last written.
struct FileIdentity: Hashable, Sendable {
    let path: String
    let bytes: Int
    /// Nanoseconds since 1970.
    let written: Int

    /// Looks at a file; nil if it is not there. Whatever is no regular file (a device) is always the same.
    init?(of path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        let isFile = status.st_mode & S_IFMT == S_IFREG
        self.path = path
        bytes = isFile ? Int(status.st_size) : 0
        written = isFile ? status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec : 0
    }

    /// `[path, bytes, written]`
    var value: Value { .list([.string(path), .integer(bytes), .integer(written)]) }

    init?(_ value: Value) {
        guard let list = value.list, list.count == 3, let path = list[0].string, case .integer(let bytes) = list[1],
            case .integer(let written) = list[2]
        else { return nil }
        self.path = path
        self.bytes = bytes
        self.written = written
    }

    /// True: the file is still there, and the same.
    var holds: Bool { FileIdentity(of: path) == self }
}
