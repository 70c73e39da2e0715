import Foundation

/// A certificate for 127.0.0.1 that vouches for itself, made by the `openssl` command once a run.
struct TestIdentity: Sendable {
    static let shared = Result { try TestIdentity() }

    let certificate: String
    let key: String

    private init() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "syrinx-emulator-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        certificate = folder.appendingPathComponent("self.pem").path
        key = folder.appendingPathComponent("self.key").path
        atexit {
            guard let made = try? TestIdentity.shared.get() else { return }
            try? FileManager.default.removeItem(at: URL(fileURLWithPath: made.key).deletingLastPathComponent())
        }
        let (status, output) = runProgram(
            "/usr/bin/env",
            [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                key,
                "-out", certificate, "-days", "2", "-subj", "/CN=localhost", "-addext",
                "subjectAltName=DNS:localhost,IP:127.0.0.1",
            ])
        guard status == 0 else { throw CocoaError(.fileNoSuchFile, userInfo: ["openssl": output]) }
    }
}

/// Runs a program to its end; its output and diagnostics in one text.
func runProgram(_ program: String, _ arguments: [String]) -> (status: Int32, output: String) {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = pipe
    process.standardError = pipe
    guard (try? process.run()) != nil else { return (-1, "cannot be started") }
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
}
