internal import Foundation
internal import Glibc
public import SyrinxNet

/// Certificates of an authority of our own, made by the `openssl` command once a run.
public struct Certificates: Sendable {
    /// The `openssl` command failed; these are its words.
    public struct Fault: Error {
        public let words: String
    }

    public static let shared = Result { try Certificates() }

    public let folder: String
    public var authority: String { "\(folder)/ca.pem" }
    public var revocations: String { "\(folder)/crl.pem" }

    /// One of `good`, `expired`, `other` (another host's), `named` (no address in it), `revoked`, and `self`, which vouches for
    /// itself.
    public func identity(
        _ name: String, _ versions: ClosedRange<TLSSettings.Version> = .tls12 ... .tls13
    ) -> TLSIdentity {
        TLSIdentity(
            certificateFile: "\(folder)/\(name).pem", keyFile: "\(folder)/\(name).key", versions: versions)
    }

    private init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("syrinx-net-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        atexit {
            if let made = try? Certificates.shared.get() { try? FileManager.default.removeItem(atPath: made.folder) }
        }
        let here = "subjectAltName=DNS:localhost,DNS:evi.test,IP:127.0.0.1,IP:::1"
        let script = """
            set -eu
            key="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
            openssl req -x509 $key -keyout ca.key -out ca.pem -days 2 -subj "/CN=Syrinx test authority"
            openssl req -x509 $key -keyout self.key -out self.pem -days 2 -subj "/CN=localhost" -addext "\(here)"
            leaf() {
                openssl req $key -keyout $1.key -out $1.csr -subj "/CN=$1"
                echo "$2" >ext
                openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -days $3 -extfile ext -out $1.pem -set_serial $4
            }
            leaf good "\(here)" 2 101
            leaf expired "\(here)" -1 102
            leaf other "subjectAltName=DNS:other.test,IP:127.0.0.9" 2 103
            leaf named "keyUsage=digitalSignature" 2 104
            leaf revoked "\(here)" 2 105
            touch index
            echo 01 >crlnumber
            printf '[ca]\\ndefault_ca=c\\n[c]\\ndatabase=index\\ncrlnumber=crlnumber\\ndefault_md=sha256\\n' >ca.conf
            printf 'default_crl_days=2\\n' >>ca.conf
            openssl ca -config ca.conf -revoke revoked.pem -cert ca.pem -keyfile ca.key
            openssl ca -config ca.conf -gencrl -out crl.pem -cert ca.pem -keyfile ca.key
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
