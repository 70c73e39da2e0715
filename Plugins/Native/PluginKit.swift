internal import CPluginHost
internal import Glibc
package import SyrinxCore

/// The folders of the examples, written under another name: what `syrinx plugin new` does.
package enum PluginKit {
    package enum Language: String, CaseIterable, Sendable {
        case c, cpp, swift

        /// The name of the example's node type, which gives way to the author's everywhere.
        var example: String {
            switch self {
            case .c: "c_gain"
            case .cpp: "cpp_echo"
            case .swift: "swift_drive"
            }
        }
    }

    /// Names that a source of these languages cannot have for a module, or that the host takes.
    private static let taken: Set = ["swift", "glibc", "type", "bypass", "isolate"]

    /// Writes the folder `name`.
    ///
    /// - Returns: its files, below it.
    /// - Throws: `.usage` for a name that cannot be one; `.cannotCreate` if the folder is there, or cannot be written.
    package static func write(_ name: String, _ language: Language) throws(PipelineError) -> [String] {
        let letters = "abcdefghijklmnopqrstuvwxyz"
        guard let first = name.first, letters.contains(first), name.utf8.count <= 64, !taken.contains(name),
            name.allSatisfy({ letters.contains($0) || "0123456789_".contains($0) })
        else {
            throw PipelineError(
                .usage, at: "plugin new",
                "found \(Shown.quoted(name)), expected a name of lower-case letters, digits and _, beginning with a letter"
            )
        }
        if mkdir(name, 0o755) != 0 { throw failure(name) }
        var written: [String] = []
        var index = 0
        while true {
            let file = syrinx_kit(index)
            index += 1
            guard let path = file.path, let bytes = file.bytes else { break }
            guard String(cString: file.language) == language.rawValue else { continue }
            let place = renamed(String(cString: path), language.example, name)
            let text = String(decoding: UnsafeBufferPointer(start: bytes, count: file.count), as: UTF8.self)
            try write(renamed(text, language.example, name), to: "\(name)/\(place)")
            written.append(place)
        }
        return written
    }

    private static func write(_ text: String, to path: String) throws(PipelineError) {
        var folder = ""
        for step in path.split(separator: "/").dropLast() {
            folder += folder.isEmpty ? step : "/\(step)"
            if mkdir(folder, 0o755) != 0, errno != EEXIST { throw failure(folder) }
        }
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        if file < 0 { throw failure(path) }
        let bytes = Array(text.utf8)
        let count = Glibc.write(file, bytes, bytes.count)
        if close(file) != 0 || count != bytes.count { throw failure(path) }
    }

    /// The text with every `old` as `new`.
    private static func renamed(_ text: String, _ old: String, _ new: String) -> String {
        var result = ""
        var rest = Substring(text)
        while let range = rest.firstRange(of: old) {
            result += rest[..<range.lowerBound] + new
            rest = rest[range.upperBound...]
        }
        return result + rest
    }

    private static func failure(_ path: String) -> PipelineError {
        PipelineError(.cannotCreate, at: path, "it cannot be written", cause: String(cString: strerror(errno)))
    }
}
