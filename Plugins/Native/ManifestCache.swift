internal import Glibc
internal import SyrinxCore

/// What was found in plugins' files before, so that a start loads none of them.
///
/// A file of tokens in `$XDG_CACHE_HOME/syrinx` or `~/.cache/syrinx`. Whoever may write it could make us load his plugin under
/// another's name, so that one which others may write is not read. It is never needed: what is missing is looked up again.
struct ManifestCache: Sendable {
    /// What a file was found to be.
    enum Finding: Sendable, Hashable {
        case plugin(PluginDescription)
        case refused(String)
    }

    /// Names the form of the file; another begins with another.
    private static let title = "syrinx-plugins-1"
    private static let largest = 16 << 20
    private static let mostFiles = 4096

    /// nil: nothing is kept.
    private let path: String?
    private(set) var findings: [FileStamp: Finding] = [:]

    init(_ environment: (String) -> String?) {
        let folder =
            environment("XDG_CACHE_HOME").flatMap { $0.isEmpty ? nil : $0 }
            ?? environment("HOME").map { "\($0)/.cache" }
        path = folder.map { "\($0)/syrinx/plugins" }
    }

    /// Reads what was kept.
    mutating func read() {
        guard let path, let bytes = Self.bytes(of: path) else { return }
        var reader = TokenReader(bytes)
        guard reader.text() == Self.title, let count = reader.count(most: Self.mostFiles) else { return }
        for _ in 0..<count {
            guard let stamp = FileStamp(from: &reader), let word = reader.text() else { return }
            if word == "plugin" {
                guard let description = PluginDescription(from: &reader) else { return }
                findings[stamp] = .plugin(description)
            } else {
                guard let reason = reader.text() else { return }
                findings[stamp] = .refused(reason)
            }
        }
    }

    /// Keeps what was found instead of what was there. Whether it can be is nobody's business.
    func write(_ found: [FileStamp: Finding]) {
        guard let path else { return }
        var tokens = TokenList([Self.title])
        tokens.append(found.count)
        for (stamp, finding) in found.sorted(by: { $0.key.path < $1.key.path }) {
            stamp.write(to: &tokens)
            switch finding {
            case .plugin(let description):
                tokens.append("plugin")
                description.write(to: &tokens)
            case .refused(let reason):
                tokens.append("refused")
                tokens.append(reason)
            }
        }
        let folder = String(path.dropLast("/plugins".count))
        mkdir(String(folder.dropLast("/syrinx".count)), 0o700)
        mkdir(folder, 0o700)
        let part = "\(path).\(getpid())"
        let file = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        if file < 0 { return }
        let isWhole = tokens.bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) == $0.count }
        close(file)
        if !isWhole || rename(part, path) != 0 { unlink(part) }
    }

    private static func bytes(of path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        if file < 0 { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_uid == geteuid(), status.st_mode & (S_IWGRP | S_IWOTH) == 0,
            status.st_size <= largest
        else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        let count = Glibc.read(file, &bytes, bytes.count)
        return count == bytes.count ? bytes : nil
    }
}
