// A gain of 1 that is built with one fault: -DFAULT=NAME. Without any it keeps every rule.
#include "syrinx_plugin.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum fault {
  NONE, ERROR_CODE, WRITES_NAN, CRASH, HANG, HEAP, LOCK, SYSTEM, OUTSIDE, UNWRITTEN, INPUT, BLOCKY, NO_RESET,
  WRONG_MAJOR, WRONG_SIZE, WILD_POINTER, NULL_PORTS, MANY_PORTS, ENDLESS_NAME, BAD_NAME, BAD_RANGE, NULL_PROCESS,
  LOAD_CRASH, LOAD_HANG, NO_TYPES, TAKEN_NAME, WILD_FORMAT, WILD_NEEDS, NO_CREATE, EVENTS, TALKS, SPIN, SCRIBBLE,
  UNDECLARED
};
#ifndef FAULT
#define FAULT NONE
#endif
// How many frames a faulty process plays well first.
#ifndef AFTER
#define AFTER 4000
#endif
#ifndef FLAGS
#define FLAGS 0
#endif
#ifndef NAME
#define NAME "faulty"
#endif

typedef struct {
  float gain, initial;
  long frames, blocks;
  const syrinx_host *host;
  int works;
} node;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *create(const syrinx_type *type, const syrinx_host *host, const syrinx_value *values) {
  (void)type;
  if (FAULT == NO_CREATE) {
    host->log(host, SYRINX_LOG_ERROR, "no gain today");
    return NULL;
  }
  node *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->gain = self->initial = (float)values[0].number;
  self->host = host;
  return self;
}

static int resolve(void *of, syrinx_request *request) {
  (void)of;
  if (FAULT == WILD_FORMAT) request->outputs[0].format.channels = 0x7fffffff;
  if (FAULT == WILD_NEEDS) request->outputs[0].needs = 0xff00;
  return SYRINX_OK;
}

static void reset(void *of) {
  node *self = of;
  if (FAULT != NO_RESET) self->gain = self->initial;
  self->frames = self->blocks = 0;
}

static int activate(void *of, const syrinx_setup *setup) {
  (void)setup;
  node *self = of;
  self->gain = self->initial;
  self->frames = self->blocks = 0;
  return SYRINX_OK;
}

static int process(void *of, const syrinx_block *block) {
  node *self = of;
  const syrinx_buffer *in = &block->inputs[0], *out = &block->outputs[0];
  uint32_t frames = out->frames, next = 0;
  for (uint32_t k = 0; k < frames; k++) {
    while (next < block->change_count && block->changes[next].frame <= k) self->gain = (float)block->changes[next++].value;
    for (uint32_t c = 0; c < out->channel_count; c++) out->channels[c][k] = in->channels[c][k] * self->gain;
  }
  while (next < block->change_count) self->gain = (float)block->changes[next++].value;
  if (FAULT == EVENTS || FAULT == UNDECLARED) {
    for (uint32_t k = 0; k < frames; k++)
      if ((out->position + k) % 1000 == 7) {
        double values[SYRINX_EVENT_VALUES] = {(double)(out->position + k), 0, 0, 0};
        block->emit(block, 0, k, values);
      }
  }
  self->frames += frames;
  self->blocks++;
  if (FAULT == BLOCKY && frames) out->channels[0][0] += 0.01f * (float)(self->blocks % 3);
  if (FAULT == OUTSIDE) out->channels[0][frames] = 1;
  if (FAULT == INPUT && frames) in->channels[0][0] = 1;
  if (FAULT == UNWRITTEN && frames && !(block->flags & SYRINX_IN_PLACE)) {
    uint32_t mark = 0x7FA12345;
    memcpy(&out->channels[0][frames - 1], &mark, 4);
  }
  if (self->frames < AFTER) return SYRINX_OK;
  if (FAULT == ERROR_CODE) return -42;
  if (FAULT == WRITES_NAN && frames) out->channels[0][0] = NAN;
  if (FAULT == CRASH) *(volatile int *)8 = 1;
  if (FAULT == HANG) for (;;) pause();
  if (FAULT == SPIN) for (volatile int turns = 0;; turns = !turns) {}
  if (FAULT == SCRIBBLE) memset(out->channels[0] - 200000, 0x5a, 400000 * sizeof(float));
  if (FAULT == HEAP) {
    void *volatile memory = malloc(64);
    free(memory);
  }
  if (FAULT == LOCK) {
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
  }
  if (FAULT == SYSTEM) usleep(1);
  return SYRINX_OK;
}

static int work(void *of) {
  node *self = of;
  if (self->works++ > 0) return 0;
  self->host->log(self->host, SYRINX_LOG_WARNING, "at work");
  const double values[SYRINX_EVENT_VALUES] = {1234, 0, 0, 0};
  self->host->event(self->host, 0, values);
  return 0;
}

static void deactivate(void *of) { (void)of; }
static void destroy(void *of) { free(of); }

static const syrinx_port ports[2] = {
    {.size = FAULT == WRONG_SIZE ? 3 : sizeof(syrinx_port), .kind = SYRINX_AUDIO, .name = FAULT == BAD_NAME ? "In put" : "in"},
    {.size = sizeof(syrinx_port), .kind = SYRINX_AUDIO, .name = "out"},
};
static const syrinx_parameter gain[] = {
    {.size = sizeof(syrinx_parameter), .kind = SYRINX_NUMBER, .name = "gain", .summary = "Gain.", .flags = SYRINX_LIVE,
     .lowest = FAULT == BAD_RANGE ? 9 : 0, .highest = 2, .initial = 1},
};
static const char *const fields[] = {"frame"};
static const syrinx_event tick[] = {
    {.size = sizeof(syrinx_event), .field_count = 1, .name = "tick", .summary = "A thousand frames.", .fields = fields},
};
static char endless[100000];

static syrinx_type faulty = {
    .size = sizeof(syrinx_type), .flags = FLAGS, .name = FAULT == TAKEN_NAME ? "gain" : NAME, .summary = "Has a fault.",
    .input_count = FAULT == MANY_PORTS ? 0xffffffff : 1, .output_count = 1, .parameter_count = 1,
    .event_count = FAULT == EVENTS || FAULT == TALKS,
    .inputs = FAULT == NULL_PORTS ? NULL : FAULT == WILD_POINTER ? (const syrinx_port *)0x12340 : &ports[0],
    .outputs = &ports[1], .parameters = gain, .events = tick,
    .create = create, .resolve = resolve, .activate = activate, .process = FAULT == NULL_PROCESS ? NULL : process,
    .reset = reset, .deactivate = deactivate, .destroy = destroy, .work = FAULT == TALKS ? work : NULL,
};

static const syrinx_type *type(uint32_t index) {
  if (FAULT == ENDLESS_NAME) {
    memset(endless, 'x', sizeof endless);
    faulty.summary = endless;
  }
  return index == 0 ? &faulty : NULL;
}

static const syrinx_entry entry = {
    .size = sizeof(syrinx_entry), .major = FAULT == WRONG_MAJOR ? 2 : SYRINX_PLUGIN_MAJOR,
    .minor = SYRINX_PLUGIN_MINOR, .name = "faulty", .type_count = FAULT == NO_TYPES ? 0 : 1, .type = type,
};

#ifdef TELLS_ENVIRONMENT
// Adds to a file what its process knows of the environment.
static void tell_environment(void) {
  FILE *file = fopen(TELLS_ENVIRONMENT, "a");
  if (!file) return;
  fprintf(file, "%s\n", program_invocation_short_name);
  for (char **variable = environ; *variable; variable++) fprintf(file, "%s\n", *variable);
  fclose(file);
}
#endif

const syrinx_entry *syrinx_plugin(uint32_t major, uint32_t minor) {
  (void)major, (void)minor;
#ifdef TELLS_ENVIRONMENT
  tell_environment();
#endif
  if (FAULT == LOAD_CRASH) abort();
  if (FAULT == LOAD_HANG) for (;;) pause();
  return &entry;
}
