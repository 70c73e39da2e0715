// JACK, and what Swift cannot call: a variadic function, and names that are variables or macros.
#ifndef CJACK_SHIM_H
#define CJACK_SHIM_H

#include <jack/jack.h>
#include <jack/metadata.h>
#include <jack/statistics.h>
#include <jack/uuid.h>

// Opens a client on a server that runs; an empty `server` is the default one.
static inline jack_client_t *syrinx_jack_open(const char *name, const char *server, jack_status_t *status) {
  if (server && *server)
    return jack_client_open(name, (jack_options_t)(JackNoStartServer | JackServerName), status, server);
  return jack_client_open(name, JackNoStartServer, status);
}

// Gives a port a name for people. Returns 0, or non-zero where metadata are not kept.
static inline int syrinx_jack_set_pretty_name(jack_client_t *client, jack_port_t *port, const char *name) {
  return jack_set_property(client, jack_port_uuid(port), JACK_METADATA_PRETTY_NAME, name, "text/plain");
}

// Forgets a port's metadata.
static inline void syrinx_jack_forget_port(jack_client_t *client, jack_port_t *port) {
  jack_remove_properties(client, jack_port_uuid(port));
}

#endif
