internal import Glibc
internal import SyrinxConfig
internal import SyrinxCore

/// Reads a manifest: a JSON object a line, whose members are a row's variables. Empty lines are passed over.
struct ManifestReader: ~Copyable {
    struct Line {
        /// The manifest's path.
        let file: String
        /// From 1.
        let number: Int
        let variables: [String: String]
    }

    /// A line that is longer is a fault.
    static let lineLimit = 1 << 20

    private let path: String
    private var lines: LineReader

    /// - Throws: `.missingInput`.
    init(_ path: String) throws(PipelineError) {
        self.path = path
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        let code = errno
        var status = stat()
        guard file >= 0, fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            if file >= 0 { close(file) }
            throw PipelineError(
                .missingInput, at: Shown.plain(path, limit: 200), "cannot read the manifest",
                cause: file < 0 ? String(cString: strerror(code)) : "it is no regular file, and is read twice")
        }
        lines = LineReader(file, limit: Self.lineLimit)
    }

    /// The next row.
    ///
    /// - Throws: `.syntax` with file and line; `.missingInput` if it cannot be read on.
    mutating func next() throws(PipelineError) -> Line? {
        while true {
            let bytes: [UInt8]
            switch lines.next() {
            case .line(let line): bytes = line
            case .end: return nil
            case .tooLong: throw fault("found a line of more than 1 MiB, expected one JSON object a line")
            case .failed(let code):
                throw PipelineError(
                    .missingInput, at: Shown.plain(path, limit: 200), "cannot read the manifest",
                    cause: String(cString: strerror(code)))
            }
            if bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
            return Line(file: path, number: lines.number, variables: try variables(bytes))
        }
    }

    private func variables(_ bytes: [UInt8]) throws(PipelineError) -> [String: String] {
        let (root, faults) = JSONReader.read(bytes)
        if let first = faults.first(where: { $0.severity == .error }) { throw fault(first.error.message) }
        guard case .object(let members)? = root?.plain else {
            throw fault("expected one JSON object a line, such as {\"in\": \"a.wav\", \"out\": \"a.flac\"}")
        }
        var variables: [String: String] = [:]
        for member in members {
            let text: String?
            switch member.value {
            case .string(let string): text = string
            case .null: text = nil
            case .boolean, .integer, .number: text = member.value.json()
            case .list, .object:
                throw fault("\(Shown.quoted(member.name)): expected a string, a number, true, false or null")
            }
            guard let text else { continue }
            do throws(PipelineError) {
                variables[try Lookup.variable("\(member.name)=\(text)").name] = text
            } catch {
                let found = Shown.quoted(member.name)
                throw fault("found \(found), expected a variable's name: letters, digits, \"_\" and \"-\"")
            }
        }
        return variables
    }

    private func fault(_ message: String) -> PipelineError {
        PipelineError(.syntax, at: "\(Shown.plain(path, limit: 200)):\(lines.number)", message)
    }
}
