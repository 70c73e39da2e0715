// A bare JACK client for tests, in a process of its own: plays given samples, records what it hears, counts xruns. It knows
// nothing of Syrinx, so that what it hears is evidence; and libjack serves one server a process.
//
//   JackStudio SERVER NAME INPUTS OUTPUTS
//
// Reads commands from standard input, words parted by tabs, and answers each with one line: `ok …` or `no …`. Ends with its
// input.
#include <errno.h>
#include <jack/jack.h>
#include <jack/metadata.h>
#include <jack/uuid.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { most_ports = 64, most_words = 8 };

typedef struct {
  jack_client_t *client;
  int inputs, outputs;
  jack_port_t *in[most_ports], *out[most_ports];
  float *feed[most_ports];
  size_t fed[most_ports];
  float *tape[most_ports];
  size_t length;
  // Set by `roll`; from then on the callback owns `position`.
  atomic_bool rolls;
  atomic_size_t position;
  atomic_int xruns, changes;
  atomic_ullong cycles;
  atomic_bool lost;
  atomic_uint capture, playback;
} studio;

static void say_nothing(const char *words) { (void)words; }

static int process(jack_nframes_t frames, void *context) {
  studio *self = context;
  bool rolls = atomic_load(&self->rolls);
  size_t start = atomic_load(&self->position);
  for (int port = 0; port < self->outputs; port++) {
    float *samples = jack_port_get_buffer(self->out[port], frames);
    memset(samples, 0, frames * sizeof *samples);
    if (!rolls || start >= self->fed[port]) continue;
    size_t count = self->fed[port] - start;
    memcpy(samples, self->feed[port] + start, (count < frames ? count : frames) * sizeof *samples);
  }
  if (rolls && start < self->length) {
    size_t count = self->length - start;
    if (count > frames) count = frames;
    for (int port = 0; port < self->inputs; port++)
      memcpy(self->tape[port] + start, jack_port_get_buffer(self->in[port], frames), count * sizeof(float));
  }
  if (rolls) atomic_store(&self->position, start + frames);
  atomic_fetch_add(&self->cycles, 1);
  return 0;
}

static int count_xrun(void *context) {
  atomic_fetch_add(&((studio *)context)->xruns, 1);
  return 0;
}

static void lose(jack_status_t code, const char *reason, void *context) {
  (void)code;
  (void)reason;
  atomic_store(&((studio *)context)->lost, true);
}

static void count_port(jack_port_id_t port, int is_new, void *context) {
  (void)port;
  (void)is_new;
  atomic_fetch_add(&((studio *)context)->changes, 1);
}

static void count_connection(jack_port_id_t from, jack_port_id_t to, int is_new, void *context) {
  (void)from;
  (void)to;
  (void)is_new;
  atomic_fetch_add(&((studio *)context)->changes, 1);
}

// The client stands for instruments at one end and amplifiers at the other; it passes nothing through.
static void state_latency(jack_latency_callback_mode_t mode, void *context) {
  studio *self = context;
  bool captures = mode == JackCaptureLatency;
  uint32_t frames = captures ? atomic_load(&self->capture) : atomic_load(&self->playback);
  jack_latency_range_t range = {frames, frames};
  int count = captures ? self->outputs : self->inputs;
  for (int port = 0; port < count; port++)
    jack_port_set_latency_range(captures ? self->out[port] : self->in[port], mode, &range);
}

static int add_ports(studio *self) {
  char port[32];
  for (int index = 0; index < self->inputs; index++) {
    snprintf(port, sizeof port, "in_%d", index + 1);
    self->in[index] = jack_port_register(self->client, port, JACK_DEFAULT_AUDIO_TYPE, JackPortIsInput, 0);
    if (!self->in[index]) return 1;
  }
  for (int index = 0; index < self->outputs; index++) {
    snprintf(port, sizeof port, "out_%d", index + 1);
    self->out[index] = jack_port_register(self->client, port, JACK_DEFAULT_AUDIO_TYPE, JackPortIsOutput, 0);
    if (!self->out[index]) return 1;
  }
  return 0;
}

static bool feed(studio *self, int port, const char *path) {
  FILE *file = port < self->outputs ? fopen(path, "rb") : NULL;
  if (!file) return false;
  fseek(file, 0, SEEK_END);
  size_t size = (size_t)ftell(file);
  rewind(file);
  self->feed[port] = malloc(size + 1);
  self->fed[port] = fread(self->feed[port], 1, size, file) / sizeof(float);
  fclose(file);
  return true;
}

static bool write_tape(const studio *self, const char *path) {
  FILE *file = fopen(path, "wb");
  if (!file) return false;
  for (int port = 0; port < self->inputs; port++) fwrite(self->tape[port], sizeof(float), self->length, file);
  return fclose(file) == 0;
}

static bool is_connected(studio *self, const char *from, const char *to) {
  jack_port_t *port = jack_port_by_name(self->client, from);
  const char **names = port ? jack_port_get_all_connections(self->client, port) : NULL;
  bool found = false;
  for (int index = 0; names && names[index]; index++) found = found || strcmp(names[index], to) == 0;
  jack_free(names);
  return found;
}

static bool add_port(studio *self, const char *name, bool is_output, const char *alias) {
  jack_port_t *port = jack_port_register(
      self->client, name, JACK_DEFAULT_AUDIO_TYPE, is_output ? JackPortIsOutput : JackPortIsInput, 0);
  return port && (!*alias || jack_port_set_alias(port, alias) == 0);
}

static bool remove_port(studio *self, const char *name) {
  char full[320];
  snprintf(full, sizeof full, "%s:%s", jack_get_client_name(self->client), name);
  jack_port_t *port = jack_port_by_name(self->client, full);
  return port && jack_port_unregister(self->client, port) == 0;
}

static bool say(bool ok) {
  puts(ok ? "ok" : "no");
  return ok;
}

static void say_latency(studio *self, const char *name, bool plays) {
  jack_port_t *port = jack_port_by_name(self->client, name);
  if (!port) {
    say(false);
    return;
  }
  jack_latency_range_t range = {0, 0};
  jack_port_get_latency_range(port, plays ? JackPlaybackLatency : JackCaptureLatency, &range);
  printf("ok\t%u\t%u\n", range.min, range.max);
}

static void say_pretty(studio *self, const char *name) {
  jack_port_t *port = jack_port_by_name(self->client, name);
  char *value = NULL, *type = NULL;
  if (!port || jack_get_property(jack_port_uuid(port), JACK_METADATA_PRETTY_NAME, &value, &type)) {
    say(false);
    return;
  }
  printf("ok\t%s\n", value);
  jack_free(value);
  jack_free(type);
}

// Carries out one command.
static void obey(studio *self, char *words[]) {
  jack_client_t *client = self->client;
  const char *verb = words[0];
  if (!strcmp(verb, "state")) {
    size_t position = atomic_load(&self->position);
    printf(
        "ok\t%d\t%llu\t%d\t%d\t%zu\t%u\t%u\n", atomic_load(&self->xruns), atomic_load(&self->cycles),
        atomic_load(&self->lost), atomic_load(&self->changes), position < self->length ? position : self->length,
        jack_get_sample_rate(client), jack_get_buffer_size(client));
  } else if (!strcmp(verb, "feed")) {
    say(feed(self, atoi(words[1]), words[2]));
  } else if (!strcmp(verb, "roll")) {
    self->length = strtoul(words[1], NULL, 10);
    for (int port = 0; port < self->inputs; port++) self->tape[port] = calloc(self->length + 1, sizeof(float));
    atomic_store(&self->rolls, true);
    say(true);
  } else if (!strcmp(verb, "tape")) {
    say(write_tape(self, words[1]));
  } else if (!strcmp(verb, "connect")) {
    int code = jack_connect(client, words[1], words[2]);
    say(code == 0 || code == EEXIST);
  } else if (!strcmp(verb, "disconnect")) {
    say(jack_disconnect(client, words[1], words[2]) == 0);
  } else if (!strcmp(verb, "connected")) {
    say(is_connected(self, words[1], words[2]));
  } else if (!strcmp(verb, "has")) {
    say(jack_port_by_name(client, words[1]) != NULL);
  } else if (!strcmp(verb, "add")) {
    say(add_port(self, words[1], !strcmp(words[2], "output"), words[3]));
  } else if (!strcmp(verb, "remove")) {
    say(remove_port(self, words[1]));
  } else if (!strcmp(verb, "latency")) {
    say_latency(self, words[1], !strcmp(words[2], "playback"));
  } else if (!strcmp(verb, "pretty")) {
    say_pretty(self, words[1]);
  } else if (!strcmp(verb, "state-latency")) {
    atomic_store(&self->capture, (unsigned)atoi(words[1]));
    atomic_store(&self->playback, (unsigned)atoi(words[2]));
    say(jack_recompute_total_latencies(client) == 0);
  } else if (!strcmp(verb, "freewheel")) {
    say(jack_set_freewheel(client, atoi(words[1])) == 0);
  } else if (!strcmp(verb, "period")) {
    say(jack_set_buffer_size(client, (jack_nframes_t)atoi(words[1])) == 0);
  } else if (!strcmp(verb, "start")) {
    jack_transport_start(client);
    say(true);
  } else if (!strcmp(verb, "stop")) {
    jack_transport_stop(client);
    say(true);
  } else if (!strcmp(verb, "locate")) {
    say(jack_transport_locate(client, (jack_nframes_t)strtoul(words[1], NULL, 10)) == 0);
  } else {
    say(false);
  }
}

int main(int count, char *arguments[]) {
  if (count != 5) return 64;
  jack_set_error_function(say_nothing);
  jack_set_info_function(say_nothing);
  // A server that dies must not take this process with it.
  signal(SIGPIPE, SIG_IGN);
  setvbuf(stdout, NULL, _IOLBF, 0);
  static studio self;
  jack_status_t status = 0;
  self.client = jack_client_open(arguments[2], JackNoStartServer | JackServerName, &status, arguments[1]);
  self.inputs = atoi(arguments[3]);
  self.outputs = atoi(arguments[4]);
  if (!self.client || self.inputs > most_ports || self.outputs > most_ports || add_ports(&self)) {
    printf("no\t%#x\n", status);
    return 1;
  }
  jack_set_process_callback(self.client, process, &self);
  jack_set_xrun_callback(self.client, count_xrun, &self);
  jack_set_port_registration_callback(self.client, count_port, &self);
  jack_set_port_connect_callback(self.client, count_connection, &self);
  jack_set_latency_callback(self.client, state_latency, &self);
  jack_on_info_shutdown(self.client, lose, &self);
  if (jack_activate(self.client)) {
    printf("no\tactivate\n");
    return 1;
  }
  printf("ok\t%s\n", jack_get_client_name(self.client));
  char line[4096];
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    char *words[most_words], *rest = line;
    for (int index = 0; index < most_words; index++) {
      char *word = strsep(&rest, "\t");
      words[index] = word ? word : "";
    }
    obey(&self, words);
  }
  jack_client_close(self.client);
  return 0;
}
