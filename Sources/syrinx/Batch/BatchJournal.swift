internal import Glibc
internal import Synchronization
internal import SyrinxConfig
internal import SyrinxCore

/// Remembers what is done, in a file beside the output: a JSON line for each row that has ended.
///
/// A row is done if a line of its key says so, if all that it read is what it was, and if what it wrote is still there as it
/// was left. In memory a row costs its key and the place of its line; a line that a crash cut short counts for nothing.
/// Shards write journals of their own beside each other, and heed all of them.
///
/// - Thread: any.
final class BatchJournal: Sendable {
    private struct Place {
        let file: Int32
        let offset: Int
        let count: Int
    }

    private static let head = #"{"syrinx_batch":1}"#
    private static let lineLimit = 1 << 20

    private let path: String
    /// −1: nothing is written.
    private let file: Int32
    private let readers: [Int32]
    private let places: [Fingerprint: Place]
    private let failure = Mutex<PipelineError?>(nil)

    /// Reads what earlier runs have done, and gets ready to go on.
    ///
    /// - Parameters:
    ///   - path: the journal of the whole list.
    ///   - writes: false: nothing is created (`--dry-run`).
    /// - Throws: `.cannotCreate`; `.usage` if the file is something else; `.unavailable` if another batch writes it now.
    init(_ path: String, shard: Shard, writes: Bool) throws(PipelineError) {
        let base = path.hasSuffix(".jsonl") ? String(path.dropLast(6)) : path
        let ending = path.hasSuffix(".jsonl") ? ".jsonl" : ""
        self.path = base + shard.suffix + ending
        var places: [Fingerprint: Place] = [:]
        var readers: [Int32] = []
        let folder = Folder.of(path)
        let stem = base.split(separator: "/").last.map(String.init) ?? base
        for name in Folder.names(folder) where name.hasPrefix(stem) && name.hasSuffix(ending) {
            let middle = name.dropFirst(stem.count).dropLast(ending.count)
            guard middle.isEmpty || Self.isShard(middle) else { continue }
            readers.append(try Self.load(Folder.join(folder, name), into: &places))
        }
        self.places = places
        self.readers = readers
        file = writes ? try Self.open(self.path) : -1
    }

    deinit {
        if file >= 0 { close(file) }
        for reader in readers { close(reader) }
    }

    /// `.2-of-8`
    private static func isShard(_ text: Substring) -> Bool {
        let parts = text.dropFirst().split(separator: "-", omittingEmptySubsequences: false)
        return text.first == "." && parts.count == 3 && Int(parts[0]) != nil && parts[1] == "of" && Int(parts[2]) != nil
    }

    private static func open(_ path: String) throws(PipelineError) -> Int32 {
        let made = Folder.make(Folder.of(path))
        let file = made == 0 ? Glibc.open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o666) : -1
        guard file >= 0 else {
            throw PipelineError(
                .cannotCreate, at: Shown.plain(path, limit: 200), "cannot write the journal",
                cause: String(cString: strerror(made == 0 ? errno : made)))
        }
        if flock(file, LOCK_EX | LOCK_NB) != 0 {
            close(file)
            throw PipelineError(
                .unavailable, at: Shown.plain(path, limit: 200),
                "another batch is at work with this journal; wait for it, or give another by --journal")
        }
        var status = stat()
        fstat(file, &status)
        var start = status.st_size == 0 ? head + "\n" : ""
        var last: UInt8 = 0
        // A line that was cut short ends here.
        if status.st_size > 0, pread(file, &last, 1, status.st_size - 1) == 1, last != 0x0A { start = "\n" }
        if (try? Console.write(start, to: file)) == nil {
            let code = errno
            close(file)
            throw PipelineError(
                .cannotCreate, at: Shown.plain(path, limit: 200), "cannot write the journal",
                cause: String(cString: strerror(code)))
        }
        return file
    }

    private static func load(_ path: String, into places: inout [Fingerprint: Place]) throws(PipelineError) -> Int32 {
        let file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        let other = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0, other >= 0 else {
            let code = errno
            if file >= 0 { close(file) }
            throw PipelineError(
                .missingInput, at: Shown.plain(path, limit: 200), "cannot read the journal",
                cause: String(cString: strerror(code)))
        }
        var lines = LineReader(other, limit: lineLimit)
        while case .line(let line) = lines.next() {
            if lines.number == 1, line != Array(head.utf8) {
                close(file)
                throw PipelineError(
                    .usage, at: Shown.plain(path, limit: 200),
                    "is no journal of a batch; move it away, or give another by --journal")
            }
            guard lines.isWhole, let (key, isDone) = beginning(of: line) else { continue }
            places[key] =
                isDone ? Place(file: file, offset: lines.lineStart, count: line.count) : nil
        }
        return file
    }

    /// The key, and whether the row was done; read without the rest.
    private static func beginning(of line: [UInt8]) -> (Fingerprint, Bool)? {
        let start = Array(#"{"key":""#.utf8)
        let middle = Array(#"","outcome":""#.utf8)
        guard line.starts(with: start), line.count > start.count + 32 + middle.count + 4 else { return nil }
        let rest = line[(start.count + 32)...]
        guard rest.starts(with: middle),
            let key = Fingerprint(text: String(decoding: line[start.count..<(start.count + 32)], as: UTF8.self))
        else { return nil }
        return (key, rest.dropFirst(middle.count).starts(with: "done".utf8))
    }

    /// True: the row of this key is done, and nothing has changed since.
    func isDone(_ key: Fingerprint) -> Bool {
        guard let place = places[key] else { return false }
        var line = [UInt8](repeating: 0, count: place.count)
        let count = line.withUnsafeMutableBytes { pread(place.file, $0.baseAddress, $0.count, off_t(place.offset)) }
        guard count == place.count, let entry = JSONReader.read(line).root?.plain,
            let files = entry["reads"]?.list, let targets = entry["writes"]?.list
        else { return false }
        return (files + targets).allSatisfy { FileIdentity($0)?.holds ?? false }
    }

    /// Remembers a row that has been done.
    func done(_ row: BatchRow, _ key: Fingerprint, reads: [FileIdentity], writes: [FileIdentity]) {
        add(
            key, "done",
            [
                .init("row", .integer(row.number)), .init("reads", .list(reads.map(\.value))),
                .init("writes", .list(writes.map(\.value))),
            ])
    }

    /// Remembers a row that has failed; it will be tried again.
    func failed(_ row: BatchRow, _ key: Fingerprint, _ failure: BatchFailure) {
        add(key, "failed", [.init("row", .integer(row.number)), .init("error", failure.value)])
    }

    private func add(_ key: Fingerprint, _ outcome: String, _ members: [Value.Member]) {
        if file < 0 { return }
        let line = Value.object([.init("key", .string(key.text)), .init("outcome", .string(outcome))] + members).json()
        failure.withLock { failure in
            if failure != nil { return }
            // One call for a line: what is appended at once stays together.
            if (try? Console.write(line + "\n", to: file)) == nil {
                failure = PipelineError(
                    .inputOutput, at: Shown.plain(path, limit: 200), "cannot write the journal",
                    cause: String(cString: strerror(errno)))
            }
        }
    }

    /// Why it can remember no more.
    var problem: PipelineError? { failure.withLock { $0 } }
}
