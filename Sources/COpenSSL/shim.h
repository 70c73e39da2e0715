// OpenSSL's libssl, and what of it is a macro.
#ifndef COPENSSL_SHIM_H
#define COPENSSL_SHIM_H

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

static inline int syrinx_ssl_ctx_set_versions(SSL_CTX *context, int least, int most) {
  return SSL_CTX_set_min_proto_version(context, least) == 1 && SSL_CTX_set_max_proto_version(context, most) == 1;
}

static inline void syrinx_ssl_ctx_configure(SSL_CTX *context) {
  // What is written may lie elsewhere when it is tried again; memory is given back while nothing happens.
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
  // Renegotiation is refused: nobody who speaks HTTP or WebSocket needs it.
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

static inline int syrinx_ssl_set_server_name(SSL *ssl, const char *name) {
  return (int)SSL_set_tlsext_host_name(ssl, name);
}

// An empty buffer means "later", not "the end".
static inline void syrinx_bio_retry_when_empty(BIO *bio) { BIO_set_mem_eof_return(bio, -1); }

static inline size_t syrinx_bio_pending(BIO *bio) { return BIO_ctrl_pending(bio); }

#endif
