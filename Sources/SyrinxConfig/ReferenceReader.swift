internal import SyrinxCore

/// Puts values in the place of `${…}`.
///
/// Values are not read for references again, so nothing recurses. What files and variables add to a document is bounded
/// by ``growthLimit``.
struct ReferenceReader {
    /// Bytes that all references of a file may come to.
    static let growthLimit = 16 << 20
    static let fileLimit = 1 << 20
    static let countLimit = 1 << 14

    /// Where a string with references was written.
    enum Origin {
        case document
        /// The value of a `--var` or `--set`, with the option's words for reports.
        case commandLine
    }

    let lookup: Lookup
    /// The pipeline file's folder.
    let folder: String
    /// The values of `vars`, replaced already, and of `--var`.
    var variables: [String: DocumentValue.Content] = [:]
    var references: [DocumentReference] = []
    var faults = FaultList()
    /// Names of `--var` that the file asks for.
    var used: Set<String> = []
    private var growth = 0
    private var isOverCount = false
    private var hints = 0
    private var files: [String: Result<String, FileBytes.Problem>] = [:]

    init(lookup: Lookup, folder: String) {
        self.lookup = lookup
        self.folder = folder
    }

    /// A string as the nodes shall see it.
    ///
    /// - Parameter path: the place for reports.
    /// - Parameter variables: false inside `vars`, where `${name}` is a fault.
    mutating func replace(
        _ text: String, at position: SourcePosition?, path: @autoclosure () -> String, origin: Origin = .document,
        variables allowsVariables: Bool = true
    ) -> DocumentValue.Content {
        let isTyped = origin == .commandLine
        guard text.utf8.contains(UInt8(ascii: "$")) else {
            return .string(
                DocumentText(text, isReference: isTyped, beginsOnCommandLine: isTyped, isTypedOnCommandLine: isTyped))
        }
        let bytes = Array(text.utf8)
        var result = DocumentText("", beginsOnCommandLine: isTyped)
        var buffer: [UInt8] = []
        var isUnresolved = false
        let place = path()
        var start = 0
        func addLiteral(_ literal: Range<Int>) {
            buffer += bytes[literal]
            if isTyped, !literal.isEmpty { result.isTypedOnCommandLine = true }
        }
        while let dollar = bytes[start...].firstIndex(of: UInt8(ascii: "$")) {
            addLiteral(start..<dollar)
            start = dollar + 1
            switch start < bytes.count ? bytes[start] : nil {
            case UInt8(ascii: "$"):
                addLiteral(start..<start + 1)
                start += 1
            case UInt8(ascii: "{"):
                guard let end = bytes[start...].firstIndex(of: UInt8(ascii: "}")) else {
                    fault("found \"${\" without \"}\", expected ${name}, ${env:NAME} or ${file:PATH}", place, position)
                    return .unresolved(text)
                }
                let body = Substring(decoding: bytes[start + 1..<end], as: UTF8.self)
                start = end + 1
                let value = value(of: body, at: position, path: place, allowsVariables: allowsVariables, origin: origin)
                guard case .string(let found) = value else {
                    isUnresolved = true
                    continue
                }
                growth += found.text.utf8.count
                if growth > Self.growthLimit {
                    fault("found more than 16 MiB in the place of references, expected 16 MiB at most", place, position)
                    return .unresolved(text)
                }
                if buffer.isEmpty { result.beginsOnCommandLine = isTyped || found.beginsOnCommandLine }
                buffer += found.text.utf8
                result.comesFromOutside = result.comesFromOutside || found.comesFromOutside
                result.isTypedOnCommandLine = result.isTypedOnCommandLine || found.isTypedOnCommandLine
            default:
                guard isTyped else {
                    let words =
                        "found a single \"$\", expected \"$$\" for a dollar, or ${name}, ${env:NAME}, ${file:PATH}"
                    fault(words, place, position)
                    return .unresolved(text)
                }
                addLiteral(dollar..<start)
            }
        }
        addLiteral(start..<bytes.count)
        if isUnresolved { return .unresolved(text) }
        result.text = String(decoding: buffer, as: UTF8.self)
        result.isReference = isTyped || Self.isOneReference(bytes)
        return .string(result)
    }

    /// The string is `${…}` and nothing else.
    private static func isOneReference(_ text: [UInt8]) -> Bool {
        text.starts(with: "${".utf8) && text.firstIndex(of: UInt8(ascii: "}")) == text.count - 1
    }

    // MARK: One reference

    private mutating func value(
        of body: Substring, at position: SourcePosition?, path: String, allowsVariables: Bool, origin: Origin
    ) -> DocumentValue.Content {
        let bar = body.firstIndex(of: "|")
        let name = body[..<(bar ?? body.endIndex)]
        let fallback = bar.map { String(body[body.index(after: $0)...]) }
        if let fallback, fallback.utf8.contains(UInt8(ascii: "$")) {
            fault("found \(Shown.quoted(fallback)) as a default, expected text without references", path, position)
            return .unresolved("")
        }
        if references.count == Self.countLimit {
            if isOverCount { return .unresolved("") }
            isOverCount = true
            let message = "found more than \(Self.countLimit) references, expected \(Self.countLimit) at most"
            fault(message, path, position)
            return .unresolved("")
        }
        let found: DocumentValue.Content?
        let source: DocumentReference.Source
        if let colon = name.firstIndex(of: ":") {
            let rest = name[name.index(after: colon)...]
            switch name[..<colon] {
            case "env" where Name.isEnvironment(rest):
                source = .environment(String(rest))
                found = lookup.environment(String(rest)).map { .string(DocumentText($0, comesFromOutside: true)) }
            case "env":
                fault("found \(Shown.quoted(rest)), expected the name of an environment variable", path, position)
                return .unresolved("")
            case "file" where !rest.isEmpty && !rest.utf8.contains(0):
                source = .file(String(rest))
                if lookup.mode != .run {
                    references.append(DocumentReference(source, hasDefault: bar != nil, isSet: true, at: position))
                    return .unresolved("")
                }
                switch contents(of: FileBytes.join(origin == .document ? folder : ".", String(rest))) {
                case .success(let text): found = .string(DocumentText(text, comesFromOutside: true))
                case .failure(.system(2)) where fallback != nil: found = nil  // no such file
                case .failure(let problem):
                    references.append(DocumentReference(source, hasDefault: bar != nil, isSet: false, at: position))
                    fault(Self.explain(problem, String(rest)), path, position)
                    return .unresolved("")
                }
            case "file":
                fault("found ${file:} without a path, expected ${file:PATH}", path, position)
                return .unresolved("")
            default:
                let kind = String(name[..<colon])
                let hint = NearestName.suggestion(kind, among: ["env", "file"])
                fault(
                    "found \(Shown.quoted("${\(kind):…}")), expected ${name}, ${env:NAME} or ${file:PATH}\(hint)", path,
                    position)
                return .unresolved("")
            }
        } else {
            guard Name.isVariable(name) else {
                let message = "found \(Shown.quoted("${\(name)}")), expected ${name}, ${env:NAME} or ${file:PATH}"
                fault(message, path, position)
                return .unresolved("")
            }
            guard allowsVariables else {
                let message = "found \(Shown.quoted("${\(name)}")), expected ${env:NAME} or ${file:PATH}; "
                fault(message + "a variable cannot use another", path, position)
                return .unresolved("")
            }
            source = .variable(String(name))
            used.insert(String(name))
            found = variables[String(name)]
        }
        references.append(DocumentReference(source, hasDefault: bar != nil, isSet: found != nil, at: position))
        if let found { return found }
        if let fallback {
            return .string(DocumentText(fallback, isTypedOnCommandLine: origin == .commandLine && !fallback.isEmpty))
        }
        if lookup.mode == .run {
            let message = missing(source)
            faults.report(.missingVariable, at: path, position, message)
        }
        return .unresolved("")
    }

    /// What to do about a variable that is not set.
    private mutating func missing(_ source: DocumentReference.Source) -> String {
        switch source {
        case .variable(let name):
            // A file with many of them is not slower for it: only the first get a hint.
            hints += 1
            let names = hints > 50 ? [] : variables.keys.sorted().prefix(64)
            let hint = NearestName.suggestion(name, among: names)
            let name = Shown.plain(name)
            return "the variable \(name) is not set; give --var \(name)=…, or declare it in vars\(hint)"
        case .environment(let name):
            let name = Shown.plain(name)
            return "the environment variable \(name) is not set; export \(name)=…"
        case .file(let path): return "no such file: \(Shown.quoted(path))"
        }
    }

    private static func explain(_ problem: FileBytes.Problem, _ path: String) -> String {
        let name = Shown.quoted(path)
        return switch problem {
        case .isDirectory: "found a folder, expected a file: \(name)"
        case .isTooLarge: "found more than 1 MiB in \(name), expected 1 MiB at most"
        case .system(0): "found bytes in \(name) that are not UTF-8, expected text"
        case .system(let code): "cannot read \(name): \(FileBytes.words(for: code))"
        }
    }

    /// The text of a file without its last line's end; each file is read once.
    private mutating func contents(of path: String) -> Result<String, FileBytes.Problem> {
        if let known = files[path] { return known }
        let result: Result<String, FileBytes.Problem>
        do {
            var bytes = try FileBytes.read(path, limit: Self.fileLimit)
            if bytes.last == 0x0A {
                bytes.removeLast()
                if bytes.last == 0x0D { bytes.removeLast() }
            }
            result = String(validating: bytes, as: UTF8.self).map { .success($0) } ?? .failure(.system(0))
        } catch {
            result = .failure(error)
        }
        files[path] = result
        return result
    }

    private mutating func fault(_ message: @autoclosure () -> String, _ path: String, _ position: SourcePosition?) {
        faults.report(at: path, position, message())
    }
}
