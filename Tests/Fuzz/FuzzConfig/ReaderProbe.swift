internal import SyrinxConfig
internal import SyrinxCore

/// What the reader of pipeline files promises for any bytes at all. libFuzzer and the tests hold it to this.
package enum ReaderProbe {
    /// Reads bytes as a pipeline file, in one of the modes; as `run` only if that opens no file.
    ///
    /// - Returns: the promise that was broken, nil if none was.
    package static func brokenPromise(_ bytes: [UInt8]) -> String? {
        let text = String(decoding: bytes, as: UTF8.self)
        let mode: Lookup.Mode = bytes.count % 4 == 0 ? .check : text.contains("file:") ? .explain : .run
        let lookup = Lookup(mode, variables: ["v": "1", "w": "${env:A}"], environment: { $0 == "A" ? "a\n\"$" : nil })
        let result = DocumentReader.read(bytes, named: "f", lookup)
        if let broken = brokenPromise(result) { return "\(mode): \(broken)" }
        var document = result.document
        _ = Overrides.apply(["a.b=${v}", "c.d=$$", String(text.prefix(40))], to: &document, lookup)
        return brokenRoundTrip(bytes)
    }

    private static func brokenPromise(_ result: ReadDocument) -> String? {
        var last = SourcePosition(line: 0, column: 0)
        for fault in result.faults {
            if fault.line(file: "f").unicodeScalars.contains(where: { $0.value < 0x20 }) {
                return "a line of the report holds a control character"
            }
            if fault.line(file: "f").utf8.count > 4000 { return "a line of the report has no bound" }
            guard let position = fault.position else {
                if fault.error.code == .usage || fault.error.path.isEmpty || fault.error.path.hasPrefix("--") {
                    continue
                }
                return "a fault of the file has no place"
            }
            if position < last { return "faults out of order" }
            if position.line < 1 || position.column < 1 { return "a place that is none" }
            last = position
        }
        if result.faults.count > 800 { return "a report without bound" }
        if result.faults.isEmpty {
            if result.document.nodes.isEmpty { return "no node and no fault" }
            if result.document.nodes.contains(where: { $0.type.isEmpty }) { return "a node without type and no fault" }
        }
        return nil
    }

    /// What was read without a fault is the same when it is written and read again.
    private static func brokenRoundTrip(_ bytes: [UInt8]) -> String? {
        let (root, faults) = JSONReader.read(bytes)
        guard faults.isEmpty, let root else {
            return faults.isEmpty ? "no value and no fault" : nil
        }
        let once = value(root)
        let again = JSONReader.read(Array(once.json().utf8))
        if !again.faults.isEmpty { return "what was written has faults: \(again.faults[0].line(file: "f"))" }
        return again.root.map(value) == once ? nil : "what was written reads differently"
    }

    private static func value(_ value: DocumentValue) -> Value {
        switch value.content {
        case .null, .unresolved: .null
        case .boolean(let boolean): .boolean(boolean)
        case .number(let number, _): .number(number)
        case .string(let text): .string(text.text)
        case .list(let values): .list(values.map(Self.value))
        case .object(let members): .object(members.map { Value.Member($0.name, Self.value($0.value)) })
        }
    }
}

/// The entry of libFuzzer; `scripts/fuzz` links it.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    if let broken = ReaderProbe.brokenPromise(bytes) { fatalError(broken) }
    return 0
}
