internal import COpenSSL
internal import NIOCore

/// What connections of one kind share: authorities or identity, versions. The one owner of an `SSL_CTX`.
///
/// SAFETY: the handle is written in `init` only; making connections of it is allowed on any thread (SSL_CTX(3)).
final class TLSContext: Sendable {
    fileprivate nonisolated(unsafe) let handle: OpaquePointer
    private let isServer: Bool

    /// A client's.
    init(_ settings: TLSSettings) throws(NetError) {
        isServer = false
        handle = try Self.make(TLS_client_method(), settings.versions)
        SSL_CTX_set_verify(handle, SSL_VERIFY_PEER, nil)
        // In the form of the wire: one name, its length first.
        let protocols = Array("\u{8}http/1.1".utf8)
        _ = SSL_CTX_set_alpn_protos(handle, protocols, UInt32(protocols.count))
        guard SSL_CTX_set_default_verify_paths(handle) == 1 else {
            throw Self.fault("cannot read the system's certificate authorities; is ca-certificates installed?")
        }
        if let file = settings.authoritiesFile, SSL_CTX_load_verify_file(handle, file) != 1 {
            throw Self.fault("cannot read certificate authorities from \(file); expected certificates in PEM")
        }
        if let file = settings.revocationListsFile {
            let store = SSL_CTX_get_cert_store(handle)
            guard let lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file()),
                X509_load_crl_file(lookup, file, X509_FILETYPE_PEM) > 0
            else { throw Self.fault("cannot read revocation lists from \(file); expected CRLs in PEM") }
            X509_STORE_set_flags(store, UInt(X509_V_FLAG_CRL_CHECK))
        }
    }

    /// A server's.
    init(_ identity: TLSIdentity) throws(NetError) {
        isServer = true
        handle = try Self.make(TLS_server_method(), identity.versions)
        guard SSL_CTX_use_certificate_chain_file(handle, identity.certificateFile) == 1 else {
            throw Self.fault("cannot read a certificate from \(identity.certificateFile); expected PEM")
        }
        guard SSL_CTX_use_PrivateKey_file(handle, identity.keyFile, SSL_FILETYPE_PEM) == 1 else {
            throw Self.fault("cannot read a key from \(identity.keyFile); expected one in PEM, without a password")
        }
        guard SSL_CTX_check_private_key(handle) == 1 else {
            throw Self.fault("the key of \(identity.keyFile) does not belong to \(identity.certificateFile)")
        }
    }

    deinit { SSL_CTX_free(handle) }

    private static func make(
        _ method: OpaquePointer?, _ versions: ClosedRange<TLSSettings.Version>
    ) throws(NetError) -> OpaquePointer {
        ERR_clear_error()
        guard let handle = SSL_CTX_new(method) else { throw fault("cannot set TLS up") }
        func number(_ version: TLSSettings.Version) -> Int32 { version == .tls12 ? TLS1_2_VERSION : TLS1_3_VERSION }
        guard syrinx_ssl_ctx_set_versions(handle, number(versions.lowerBound), number(versions.upperBound)) == 1 else {
            SSL_CTX_free(handle)
            throw fault("the system's OpenSSL does not offer the wanted version of TLS")
        }
        syrinx_ssl_ctx_configure(handle)
        return handle
    }

    private static func fault(_ message: String) -> NetError {
        NetError(.invalidArgument, message, cause: OpenSSL.takeErrors())
    }

    /// A server's connection.
    func accept() throws(NetError) -> TLSStream { try TLSStream(self) }

    /// A client's connection to a host, which must prove its name or address.
    ///
    /// - Parameter verifies: false takes any certificate; whoever passes it makes sure that the peer is this machine.
    func connect(to host: String, verifies: Bool) throws(NetError) -> TLSStream {
        let stream = try TLSStream(self)
        try stream.expect(host, verifies: verifies)
        return stream
    }
}

/// One TLS connection between two memory buffers. The one owner of an `SSL`.
struct TLSStream: ~Copyable {
    /// What a step came to.
    enum Step {
        case done
        /// More of the peer's bytes are needed.
        case hungry
        /// The peer has said that it sends no more.
        case ended
        case failed(NetError)
    }

    private let ssl: OpaquePointer
    /// From the network and to it; both belong to `ssl`.
    private let incoming: OpaquePointer
    private let outgoing: OpaquePointer

    fileprivate init(_ context: TLSContext) throws(NetError) {
        ERR_clear_error()
        guard let ssl = SSL_new(context.handle), let incoming = BIO_new(BIO_s_mem()),
            let outgoing = BIO_new(BIO_s_mem())
        else { throw NetError(.tls, "cannot set TLS up", cause: OpenSSL.takeErrors()) }
        syrinx_bio_retry_when_empty(incoming)
        syrinx_bio_retry_when_empty(outgoing)
        SSL_set_bio(ssl, incoming, outgoing)
        if SSL_is_server(ssl) == 1 { SSL_set_accept_state(ssl) } else { SSL_set_connect_state(ssl) }
        self.ssl = ssl
        self.incoming = incoming
        self.outgoing = outgoing
    }

    deinit { SSL_free(ssl) }

    fileprivate func expect(_ host: String, verifies: Bool) throws(NetError) {
        let isAddress = IPAddress(host) != nil
        // A dot at the end is for the resolver; certificates and server names are without.
        let name = host.hasSuffix(".") ? String(host.dropLast()) : host
        // An address is no server name (RFC 6066, section 3).
        var fine = isAddress || syrinx_ssl_set_server_name(ssl, name) == 1
        if verifies {
            SSL_set_hostflags(
                ssl, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT))
            let checked =
                isAddress
                ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) : SSL_set1_host(ssl, name)
            fine = fine && checked == 1
        } else {
            SSL_set_verify(ssl, SSL_VERIFY_NONE, nil)
        }
        guard fine else {
            throw NetError(.tls, "cannot ask for a certificate of \"\(host)\"", cause: OpenSSL.takeErrors())
        }
    }

    /// Takes the peer's bytes. They wait in memory until a step wants them.
    func feed(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        var written = 0
        // A memory buffer takes all there is; pieces only because the count is 32 bits wide.
        while written < bytes.count {
            let piece = min(bytes.count - written, 1 << 30)
            guard BIO_write(incoming, base + written, Int32(piece)) == Int32(piece) else { return }
            written += piece
        }
    }

    /// Bytes for the peer.
    var waiting: Int { Int(syrinx_bio_pending(outgoing)) }

    /// Moves the bytes for the peer into a buffer.
    func drain(into buffer: inout ByteBuffer) {
        let count = waiting
        guard count > 0 else { return }
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { space in
            max(0, Int(BIO_read(outgoing, space.baseAddress, Int32(min(space.count, count)))))
        }
    }

    func handshake() -> Step {
        ERR_clear_error()
        let result = SSL_do_handshake(ssl)
        return result == 1 ? .done : step(after: result)
    }

    /// Decrypts up to one record behind the buffer's end. `.done`: something came.
    func read(into buffer: inout ByteBuffer) -> Step {
        ERR_clear_error()
        var result: Int32 = 0
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 16_384) { space in
            result = SSL_read(ssl, space.baseAddress, Int32(min(space.count, 1 << 20)))
            return max(0, Int(result))
        }
        return result > 0 ? .done : step(after: result)
    }

    /// Encrypts as much of the bytes as goes at once, which is at least one record.
    func write(_ bytes: UnsafeRawBufferPointer, count: inout Int) -> Step {
        ERR_clear_error()
        let result = SSL_write(ssl, bytes.baseAddress, Int32(min(bytes.count, 1 << 18)))
        count = max(0, Int(result))
        return result > 0 ? .done : step(after: result)
    }

    /// Says that we send no more.
    func close() {
        ERR_clear_error()
        _ = SSL_shutdown(ssl)
    }

    private func step(after result: Int32) -> Step {
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .hungry
        case SSL_ERROR_ZERO_RETURN: return .ended
        default: return .failed(failure())
        }
    }

    private func failure() -> NetError {
        let verdict = SSL_get_verify_result(ssl)
        let words = OpenSSL.takeErrors()
        guard verdict != Int(X509_V_OK), SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE else {
            return NetError(.tls, "TLS failed", cause: words)
        }
        let reason = X509_verify_cert_error_string(verdict).map { String(cString: $0) } ?? "error \(verdict)"
        let advice =
            switch Int32(verdict) {
            case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
                X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
                X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
                "; for a private server, name the file with its authority's certificate"
            case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
                "; use a name that it bears"
            case X509_V_ERR_CERT_HAS_EXPIRED, X509_V_ERR_CERT_NOT_YET_VALID:
                "; check the clock of this machine, else the server needs a new one"
            default: ""
            }
        return NetError(
            .untrusted, "the server's certificate is refused: \(reason)\(advice)", cause: words)
    }
}

/// Small things for which OpenSSL is at hand anyway.
enum OpenSSL {
    /// Takes this thread's errors, the first one first, in OpenSSL's words.
    static func takeErrors() -> String? {
        var words: [String] = []
        while true {
            let code = ERR_get_error()
            guard code != 0 else { break }
            var text = [CChar](repeating: 0, count: 256)
            ERR_error_string_n(code, &text, text.count)
            let line = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if words.count < 4 { words.append(line) }
        }
        return words.isEmpty ? nil : words.joined(separator: "; ")
    }

    static func base64(_ bytes: some Collection<UInt8>) -> String {
        let source = Array(bytes)
        var text = [UInt8](repeating: 0, count: (source.count + 2) / 3 * 4 + 1)
        let count = EVP_EncodeBlock(&text, source, Int32(source.count))
        return String(decoding: text.prefix(Int(count)), as: UTF8.self)
    }

    /// What a WebSocket server answers to a key (RFC 6455, section 4.2.2).
    static func webSocketAccept(key: String) -> String {
        let source = Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)
        var digest = [UInt8](repeating: 0, count: 20)
        _ = SHA1(source, source.count, &digest)
        return base64(digest)
    }
}
