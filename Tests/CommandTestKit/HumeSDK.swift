public import Foundation

/// Hume's own Python SDK, where it is installed, and what judges messages by its types.
public enum HumeSDK {
    /// A Python that has the package `hume`, if there is one: `SYRINX_HUME_PYTHON`, or the usual one.
    public static let python: String? = {
        let wanted = ProcessInfo.processInfo.environment["SYRINX_HUME_PYTHON"] ?? "/usr/bin/python3"
        guard FileManager.default.isExecutableFile(atPath: wanted) else { return nil }
        let found = try? Command.run(wanted, ["-c", "import hume"], in: Command.package)
        return found?.code == 0 ? wanted : nil
    }()

    /// The example messages that may lie beside the checkout, with their checker; `SYRINX_EVI_MESSAGES` names another folder.
    public static let examples: URL = {
        if let path = ProcessInfo.processInfo.environment["SYRINX_EVI_MESSAGES"] { return URL(fileURLWithPath: path) }
        return Command.package.deletingLastPathComponent().appendingPathComponent("shared/evi-messages")
    }()

    /// The example messages of one side (`client`, `server`, `connect`), in order of their names; all of them for none.
    public static func files(_ side: String? = nil) -> [URL] {
        let all = (try? FileManager.default.contentsOfDirectory(at: examples, includingPropertiesForKeys: nil)) ?? []
        let start = side.map { $0 + "-" } ?? ""
        return all.filter { $0.pathExtension == "json" && $0.lastPathComponent.hasPrefix(start) }
            .sorted { $0.path < $1.path }
    }

    public static let hasExamples = !files("server").isEmpty

    /// Whether ``check(_:)`` can judge.
    public static let hasChecker =
        hasExamples && python != nil
        && FileManager.default.fileExists(atPath: examples.appendingPathComponent("validate_messages.py").path)

    /// Judges a folder of messages. Needs ``hasChecker``.
    public static func check(_ folder: URL) throws -> Command.Outcome {
        let script = examples.appendingPathComponent("validate_messages.py").path
        return try Command.run(python ?? "", [script, folder.path], in: folder)
    }
}
