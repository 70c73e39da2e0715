import Foundation

/// What the package says of its targets, as `swift package describe --type json` prints it.
struct PackageDescription: Decodable {
    struct Target: Decodable {
        var name: String
        /// `library`, `executable`, `test`, `system-target`, …
        var type: String
        /// Below the package.
        var path: String
        var sources: [String]
        var targetDependencies: [String]?
        var productDependencies: [String]?
        /// The products that it is part of.
        var productMemberships: [String]?

        var dependencies: [String] { (targetDependencies ?? []) + (productDependencies ?? []) }
    }

    var targets: [Target]

    /// This package's folder.
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The description, read once for all tests.
    static let shared = Result { try load() }

    /// Reads the file that SYRINX_PACKAGE_DESCRIPTION names; else asks SwiftPM, in a scratch folder of its own, since
    /// `swift test` holds the lock of the usual one.
    private static func load() throws -> Self {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        if let path = ProcessInfo.processInfo.environment["SYRINX_PACKAGE_DESCRIPTION"] {
            return try decoder.decode(Self.self, from: Data(contentsOf: URL(filePath: path)))
        }
        let scratch = FileManager.default.temporaryDirectory.appending(path: "syrinx-describe-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: scratch) }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "swift", "package", "--package-path", folder.path, "--scratch-path", scratch.path, "describe", "--type",
            "json",
        ]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return try decoder.decode(Self.self, from: data)
    }
}

/// One Swift or C source file of a target.
struct SourceFile {
    var target: String
    /// Below the package.
    var path: String
    var text: String

    /// The modules that it imports.
    var imports: Set<String> {
        var modules: Set<String> = []
        for line in text.split(separator: "\n") {
            var words = line.split(separator: " ").map(String.init)[...]
            while let word = words.first, word.hasPrefix("@") || Self.accessLevels.contains(word) {
                words.removeFirst()
            }
            guard words.first == "import", words.count > 1 else { continue }
            words.removeFirst()
            if Self.importKinds.contains(words[words.startIndex]) { words.removeFirst() }
            if let module = words.first?.split(separator: ".").first { modules.insert(String(module)) }
        }
        return modules
    }

    private static let accessLevels: Set = ["public", "package", "internal", "fileprivate", "private"]
    private static let importKinds: Set = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
}

extension PackageDescription {
    /// Every Swift file of every target.
    func swiftFiles() throws -> [SourceFile] {
        try targets.flatMap { target in
            try target.sources.filter { $0.hasSuffix(".swift") }.map { source in
                let path = "\(target.path)/\(source)"
                let text = try String(contentsOf: Self.folder.appending(path: path), encoding: .utf8)
                return SourceFile(target: target.name, path: path, text: text)
            }
        }
    }
}
