package import SyrinxCore

/// A file of JSON that is no pipeline: read with the same reader, so with comments, trailing commas and places in faults.
package enum JSONFile {
    /// Reads the file at `path`; `-` is standard input.
    ///
    /// - Returns: the value, nil if there is a fault; and the faults in the order of the file.
    /// - Throws: `.missingInput` if the file cannot be read at all.
    /// - Thread: control; blocks.
    package static func read(_ path: String) throws(PipelineError) -> (value: Value?, faults: [Fault]) {
        let bytes =
            path == "-"
            ? try FileBytes.load("/dev/stdin", named: "standard input", limit: JSONReader.byteLimit)
            : try FileBytes.load(path, limit: JSONReader.byteLimit)
        let (root, faults) = JSONReader.read(bytes)
        return (faults.contains { $0.severity == .error } ? nil : root?.plain, faults)
    }
}

extension DocumentValue {
    /// The value without its places. A reference that has not been resolved is null.
    package var plain: Value {
        switch content {
        case .null, .unresolved: .null
        case .boolean(let boolean): .boolean(boolean)
        case .number(let number, let text): Int(text).map(Value.integer) ?? .number(number)
        case .string(let text): .string(text.text)
        case .list(let values): .list(values.map(\.plain))
        case .object(let members): .object(members.map { Value.Member($0.name, $0.value.plain) })
        }
    }
}
