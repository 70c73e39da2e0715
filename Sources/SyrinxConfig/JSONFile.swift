package import SyrinxCore

/// A file of JSON that is no pipeline: read with the same reader, so with comments, trailing commas and places in faults.
package enum JSONFile {
    /// Reads the file at `path`; `-` is standard input.
    ///
    /// - Returns: the value, nil if there is a fault; and the faults in the order of the file.
    /// - Throws: `.missingInput` if the file cannot be read at all.
    /// - Thread: control; blocks.
    package static func read(_ path: String) throws(PipelineError) -> (value: Value?, faults: [Fault]) {
        let bytes: [UInt8]
        do {
            bytes = try FileBytes.read(path == "-" ? "/dev/stdin" : path, limit: JSONReader.byteLimit)
        } catch {
            let words =
                switch error {
                case .system(let code): FileBytes.words(for: code)
                case .isDirectory: "it is a folder"
                case .isTooLarge: "it has more than \(JSONReader.byteLimit >> 20) MiB"
                }
            let name = path == "-" ? "standard input" : Shown.plain(path, limit: 200)
            throw PipelineError(.missingInput, at: name, "cannot read the file", cause: words)
        }
        let (root, faults) = JSONReader.read(bytes)
        return (faults.contains { $0.severity == .error } ? nil : root.map(plain), faults)
    }

    private static func plain(_ value: DocumentValue) -> Value {
        switch value.content {
        case .null, .unresolved: .null
        case .boolean(let boolean): .boolean(boolean)
        case .number(let number, let text): Int(text).map(Value.integer) ?? .number(number)
        case .string(let text): .string(text.text)
        case .list(let values): .list(values.map(plain))
        case .object(let members): .object(members.map { Value.Member($0.name, plain($0.value)) })
        }
    }
}
