internal import Foundation
internal import Glibc

/// A PipeWire of a test's own, which serves JACK clients that use PipeWire's libjack; without a session manager, bus or
/// device.
///
/// - Thread: any, one call at a time.
public final class PipeWireServer {
    /// Why there can be none here; nil: there can.
    public static let whyNot: String? = {
        if access("/usr/bin/pipewire", X_OK) != 0 { return "pipewire is not installed; apt-get install pipewire" }
        return library == nil ? "its JACK library is not installed; apt-get install pipewire-jack" : nil
    }()

    /// The folder of PipeWire's libjack.
    private static let library: String? = {
        let folders = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib")) ?? []
        return folders.map { "/usr/lib/\($0)/pipewire-0.3/jack" }.first { access("\($0)/libjack.so.0", R_OK) == 0 }
    }()

    private let folder: URL
    private var child: Child?

    /// Starts it in a folder of its own, and waits until it answers.
    public init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "syrinx-pw-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try start()
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: folder)
    }

    /// What a JACK client needs in its environment to be served by it.
    public var environment: [String: String] {
        ["XDG_RUNTIME_DIR": folder.path, "LD_LIBRARY_PATH": Self.library ?? ""]
    }

    /// Ends it as a crash does.
    public func kill() {
        child?.signal(SIGKILL)
        child?.wait()
        child = nil
    }

    /// Starts it again after ``kill()``.
    public func start() throws {
        let child = try Child(["pipewire"], environment: ["XDG_RUNTIME_DIR": folder.path, "DISPLAY": ""])
        self.child = child
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline, !child.hasEnded() {
            if try Child(["jack_lsp"], environment: environment).wait() == 0 { return }
            usleep(20_000)
        }
        throw Studio.Failure(description: "pipewire does not answer")
    }

    /// Changes a setting: `set("clock.force-rate", "44100")`.
    public func set(_ name: String, _ value: String) throws {
        try Child(["pw-metadata", "-n", "settings", "0", name, value], environment: environment).wait()
    }
}
