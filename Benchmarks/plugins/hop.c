// A JACK client that is nothing but a gain, with the time from the cycle's start to the end of its work. See README.md.
//
//   hop [CAPTURE [PLAYBACK]]    connects its port `in` and `out` to them; at SIGTERM prints cycles, p50 and p99 in microseconds
#include <jack/jack.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { most = 1 << 22 };

static jack_client_t *client;
static jack_port_t *in, *out;
static float taken[most];
static atomic_int count;
static volatile sig_atomic_t is_over;

static int process(jack_nframes_t frames, void *context) {
  (void)context;
  const float *from = jack_port_get_buffer(in, frames);
  float *to = jack_port_get_buffer(out, frames);
  for (jack_nframes_t k = 0; k < frames; k++) to[k] = from[k] * 0.5f;
  jack_nframes_t begin;
  jack_time_t start, next;
  float period;
  int place = atomic_load(&count);
  if (place < most && jack_get_cycle_times(client, &begin, &start, &next, &period) == 0) {
    taken[place] = (float)(int64_t)(jack_get_time() - start);
    atomic_store(&count, place + 1);
  }
  return 0;
}

static void end(int signal) {
  (void)signal;
  is_over = 1;
}

static int compare(const void *one, const void *other) {
  float a = *(const float *)one, b = *(const float *)other;
  return (a > b) - (a < b);
}

int main(int argument_count, char **arguments) {
  client = jack_client_open("hop", JackNoStartServer, NULL);
  if (!client) return 1;
  in = jack_port_register(client, "in", JACK_DEFAULT_AUDIO_TYPE, JackPortIsInput, 0);
  out = jack_port_register(client, "out", JACK_DEFAULT_AUDIO_TYPE, JackPortIsOutput, 0);
  jack_set_process_callback(client, process, NULL);
  signal(SIGTERM, end);
  if (jack_activate(client) != 0) return 1;
  if (argument_count > 1) jack_connect(client, arguments[1], "hop:in");
  if (argument_count > 2) jack_connect(client, "hop:out", arguments[2]);
  while (!is_over) usleep(50000);
  jack_client_close(client);
  int all = atomic_load(&count);
  if (all == 0) return 1;
  qsort(taken, (size_t)all, sizeof *taken, compare);
  printf("%d %.0f %.0f\n", all, (double)taken[all / 2], (double)taken[(size_t)all * 99 / 100]);
  return 0;
}
