import Foundation
import SyrinxNet
import Testing

/// How a test's server is spoken to.
enum Wire: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case plain
    case tls = "TLS"

    var testDescription: String { rawValue }
}

/// An authority of our own and a server's certificate by it, made by the `openssl` command once a run.
struct Certificates: Sendable {
    static let shared = Result { try Certificates() }

    let folder: String
    var authority: String { "\(folder)/ca.pem" }
    var identity: TLSIdentity {
        TLSIdentity(certificateFile: "\(folder)/good.pem", keyFile: "\(folder)/good.key")
    }

    struct Fault: Error {
        let words: String
    }

    private init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("syrinx-evi-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        atexit {
            if let made = try? Certificates.shared.get() { try? FileManager.default.removeItem(atPath: made.folder) }
        }
        let script = """
            set -eu
            key="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
            openssl req -x509 $key -keyout ca.key -out ca.pem -days 2 -subj "/CN=Syrinx test authority"
            openssl req $key -keyout good.key -out good.csr -subj "/CN=good"
            echo "subjectAltName=DNS:localhost,IP:127.0.0.1" >ext
            openssl x509 -req -in good.csr -CA ca.pem -CAkey ca.key -days 2 -extfile ext -out good.pem -set_serial 7
            """
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", script]
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        let log = "\(folder)/log"
        _ = FileManager.default.createFile(atPath: log, contents: nil)
        process.standardError = FileHandle(forWritingAtPath: log)
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Fault(words: (try? String(contentsOfFile: log, encoding: .utf8)) ?? "openssl failed")
        }
    }
}
