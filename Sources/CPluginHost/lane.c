#define _GNU_SOURCE
#include "syrinx_lane.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "CPluginHost.h"
#include "syrinx_plugin.h"

enum { change_capacity = 1024, event_capacity = 1024, reset_parameter = 0xFFFFFFFF };

typedef struct {
  int64_t frame;
  double value;
  uint32_t parameter;
} change;

// A word that one process sleeps on and the other rings.
typedef struct {
  _Atomic uint32_t rings, sleepers;
} bell;

struct syrinx_shared {
  uint32_t inputs, outputs, delay, capacity;  // frames, a power of two
  _Atomic uint32_t phase, failure;
  _Atomic int32_t code;
  _Atomic uint32_t moved[SYRINX_LANE_PARAMETERS];
  _Atomic double last[SYRINX_LANE_PARAMETERS];
  _Alignas(64) _Atomic int64_t submitted;  // written by the host
  _Atomic int64_t born;  // where this life began
  _Atomic uint32_t change_end;
  bell work;
  _Alignas(64) _Atomic int64_t answered;  // written by the helper
  _Atomic uint32_t change_begin, event_end;
  bell answer;
  _Alignas(64) _Atomic uint32_t event_begin;  // written by the host
  change changes[change_capacity];
  syrinx_lane_event events[event_capacity];
  _Alignas(64) float samples[];  // each channel `capacity` samples: inputs, then outputs
};

uint32_t syrinx_lane_capacity(uint32_t delay) {
  // Two thirds of a second at 48 kHz: so late may a live answer be before the helper is taken for lost.
  uint32_t capacity = 32768;
  while (capacity < 4 * delay) capacity *= 2;
  return capacity;
}

size_t syrinx_lane_size(uint32_t inputs, uint32_t outputs, uint32_t delay) {
  return sizeof(syrinx_shared) + (size_t)(inputs + outputs) * syrinx_lane_capacity(delay) * sizeof(float);
}

int syrinx_lane_memory(size_t size) {
  int file = memfd_create("syrinx-plugin", MFD_CLOEXEC);
  if (file >= 0 && ftruncate(file, (off_t)size) != 0) {
    int error = errno;
    close(file);
    errno = error;
    return -1;
  }
  // What a helper is given as 3 and 4 must not be moved over itself.
  if (file >= 0 && file < 10) {
    int moved = fcntl(file, F_DUPFD_CLOEXEC, 10);
    close(file);
    return moved;
  }
  return file;
}

syrinx_shared *syrinx_lane_map(int file, size_t size) {
  void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file, 0);
  return memory == MAP_FAILED ? NULL : memory;
}

void syrinx_lane_unmap(syrinx_shared *shared, size_t size) { munmap(shared, size); }

void syrinx_lane_prepare(syrinx_shared *shared, uint32_t inputs, uint32_t outputs, uint32_t delay) {
  shared->inputs = inputs;
  shared->outputs = outputs;
  shared->delay = delay;
  shared->capacity = syrinx_lane_capacity(delay);
}

static float *channel_of(syrinx_shared *shared, uint32_t channel) {
  return shared->samples + (size_t)channel * shared->capacity;
}

// The same by the host's own figures.
static float *ring_at(const syrinx_lane *lane, uint32_t channel) {
  return lane->shared->samples + (size_t)channel * lane->capacity;
}

static void ring(bell *bell) {
  atomic_fetch_add(&bell->rings, 1);
  if (atomic_load(&bell->sleepers) > 0) syscall(SYS_futex, &bell->rings, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void sleep_on(bell *bell, uint32_t ticket, int64_t nanoseconds) {
  struct timespec time = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  atomic_fetch_add(&bell->sleepers, 1);
  syscall(SYS_futex, &bell->rings, FUTEX_WAIT, ticket, &time, NULL, 0);
  atomic_fetch_sub(&bell->sleepers, 1);
}

void syrinx_lane_set_phase(syrinx_shared *shared, uint32_t phase) {
  atomic_store(&shared->phase, phase);
  ring(&shared->answer);
}
uint32_t syrinx_lane_phase(const syrinx_shared *shared) { return atomic_load(&shared->phase); }
int64_t syrinx_lane_submitted(const syrinx_shared *shared) { return atomic_load(&shared->submitted); }
int64_t syrinx_lane_answered(const syrinx_shared *shared) { return atomic_load(&shared->answered); }
uint32_t syrinx_lane_failure(const syrinx_shared *shared, int32_t *code) {
  *code = atomic_load(&shared->code);
  return atomic_load(&shared->failure);
}
void syrinx_lane_clear_failure(syrinx_shared *shared) {
  atomic_store(&shared->failure, 0);
  atomic_store(&shared->born, atomic_load(&shared->answered));
}
int64_t syrinx_lane_progress(const syrinx_shared *shared) {
  return atomic_load(&shared->answered) - atomic_load(&shared->born);
}

// Adds a change from the next slice on.
static void push(syrinx_lane *lane, uint32_t parameter, double value) {
  syrinx_shared *shared = lane->shared;
  uint32_t end = atomic_load(&shared->change_end);
  if (end - atomic_load(&shared->change_begin) >= change_capacity) return;
  shared->changes[end % change_capacity] = (change){lane->position, value, parameter};
  atomic_store(&shared->change_end, end + 1);
}

// A new helper is ready: its life begins with the next frame.
static void take_up(syrinx_lane *lane) {
  syrinx_shared *shared = lane->shared;
  uint32_t ready = SYRINX_LANE_READY;
  if (atomic_load(&shared->phase) != ready) return;
  lane->valid = lane->position;
  atomic_store(&shared->born, lane->position);
  atomic_store(&shared->answered, lane->position);
  atomic_store(&shared->change_begin, atomic_load(&shared->change_end));
  atomic_store(&shared->event_begin, atomic_load(&shared->event_end));
  atomic_store(&shared->submitted, lane->position);
  // What moved while there was none.
  for (uint32_t k = 0; k < SYRINX_LANE_PARAMETERS; k++)
    if (atomic_load(&shared->moved[k])) push(lane, k, atomic_load(&shared->last[k]));
  // Last: the helper waits for it.
  atomic_compare_exchange_strong(&shared->phase, &ready, SYRINX_LANE_UP);
  ring(&shared->work);
}

void syrinx_lane_set(syrinx_lane *lane, uint32_t parameter, double value) {
  if (parameter >= SYRINX_LANE_PARAMETERS) return;
  atomic_store(&lane->shared->last[parameter], value);
  atomic_store(&lane->shared->moved[parameter], 1);
  if (atomic_load(&lane->shared->phase) == SYRINX_LANE_UP) push(lane, parameter, value);
}

void syrinx_lane_reset(syrinx_lane *lane) {
  for (int k = 0; k < SYRINX_LANE_PARAMETERS; k++) atomic_store(&lane->shared->moved[k], 0);
  push(lane, reset_parameter, 0);
  lane->quiet = lane->position;
  lane->level = 1;
  memset(lane->held, 0, lane->outputs * sizeof(float));
}

int syrinx_lane_last(const syrinx_shared *shared, uint32_t parameter, double *value) {
  if (parameter >= SYRINX_LANE_PARAMETERS || !atomic_load(&shared->moved[parameter])) return 0;
  *value = atomic_load(&shared->last[parameter]);
  return 1;
}

// Where an output goes when no answer is there: from the last sample down to silence.
static float fading(syrinx_lane *lane, float *level) {
  float step = 1.0f / (float)lane->fade;
  *level = *level > step ? *level - step : 0;
  return *level;
}

uint32_t syrinx_lane_exchange(syrinx_lane *lane, const float *const *in, float *const *out, uint32_t frames) {
  syrinx_shared *shared = lane->shared;
  uint32_t mask = lane->capacity - 1;
  take_up(lane);
  int64_t first = lane->position;
  int64_t answered = atomic_load(&shared->answered);
  int is_up = atomic_load(&shared->phase) == SYRINX_LANE_UP;
  int is_taken = is_up;
  if (is_up && first + frames - answered > (int64_t)lane->capacity - lane->delay) {
    // So far behind: the supervisor starts another. What the helper may still read is not written over.
    uint32_t up = SYRINX_LANE_UP, none = 0;
    atomic_compare_exchange_strong(&shared->failure, &none, SYRINX_LANE_LATE);
    atomic_compare_exchange_strong(&shared->phase, &up, SYRINX_LANE_DOWN);
    is_taken = 0;
  }
  // In place, the input is gone once the output is written.
  if (is_taken) {
    for (uint32_t c = 0; c < lane->inputs; c++) {
      float *ring_of = ring_at(lane, c);
      for (uint32_t k = 0; k < frames; k++) ring_of[(uint64_t)(first + k) & mask] = in[c][k];
    }
  }
  int64_t from = first - lane->delay;  // of the plugin's time
  int64_t end = answered < from ? from : answered > from + frames ? from + frames : answered;
  uint32_t missing = 0;
  float level = lane->level;
  for (uint32_t c = 0; c < lane->outputs; c++) {
    const float *ring_of = ring_at(lane, lane->inputs + c);
    float own = lane->level, held = lane->held[c];
    for (uint32_t k = 0; k < frames; k++) {
      int64_t frame = from + k;
      // Before its first frame a plugin is silent; before a later life it is missed.
      if (frame < lane->quiet) {
        out[c][k] = 0;
        continue;
      }
      if (frame >= lane->valid && frame < end) {
        held = ring_of[(uint64_t)frame & mask];
        if (own < 1) own = own + 1.0f / (float)lane->fade < 1 ? own + 1.0f / (float)lane->fade : 1;
        out[c][k] = own == 1 ? held : held * own;
      } else {
        float gain = fading(lane, &own);
        out[c][k] = held * gain;
        if (c == 0) missing++;
      }
    }
    lane->held[c] = held;
    level = own;
  }
  lane->level = level;
  lane->position = first + frames;
  if (is_taken) {
    atomic_store(&shared->submitted, lane->position);
    ring(&shared->work);
  }
  return missing;
}

int syrinx_lane_take(syrinx_lane *lane, syrinx_lane_event *event) {
  syrinx_shared *shared = lane->shared;
  uint32_t begin = atomic_load(&shared->event_begin);
  if (begin == atomic_load(&shared->event_end)) return 0;
  *event = shared->events[begin % event_capacity];
  if (event->frame >= lane->position - (int64_t)lane->delay) return 0;
  atomic_store(&shared->event_begin, begin + 1);
  return 1;
}

int syrinx_lane_wait(syrinx_shared *shared, int64_t frame, int64_t nanoseconds) {
  uint32_t ticket = atomic_load(&shared->answer.rings);
  uint32_t phase = atomic_load(&shared->phase);
  if (phase == SYRINX_LANE_READY || phase == SYRINX_LANE_GONE) return 1;
  int64_t submitted = atomic_load(&shared->submitted);
  if (phase == SYRINX_LANE_UP && atomic_load(&shared->answered) >= (frame < submitted ? frame : submitted)) return 1;
  sleep_on(&shared->answer, ticket, nanoseconds);
  return 0;
}

// What the helper's events go into.
typedef struct {
  syrinx_shared *shared;
  int64_t position;
} outlet;

static void emit(const syrinx_block *block, uint32_t kind, uint32_t frame, const double *values) {
  const outlet *of = block->context;
  syrinx_shared *shared = of->shared;
  uint32_t end = atomic_load(&shared->event_end);
  if (!values || end - atomic_load(&shared->event_begin) >= event_capacity) return;
  syrinx_lane_event *event = &shared->events[end % event_capacity];
  event->frame = of->position + frame;
  event->kind = kind;
  memcpy(event->values, values, sizeof event->values);
  atomic_store(&shared->event_end, end + 1);
}

// 1: the other end of the socket has gone.
static int is_left(int channel) {
  struct pollfd asked = {channel, 0, 0};
  return poll(&asked, 1, 0) > 0 && (asked.revents & (POLLHUP | POLLERR | POLLNVAL));
}

static void fail(syrinx_shared *shared, uint32_t failure, int32_t code) {
  atomic_store(&shared->code, code);
  atomic_store(&shared->failure, failure);
  ring(&shared->answer);
}

// The thread of a node that has work to do beside rendering.
typedef struct {
  const syrinx_type *type;
  void *node;
  _Atomic int is_over;
  pthread_t thread;
} worker;

static void *work(void *of) {
  worker *self = of;
  while (1) {
    int is_last = atomic_load(&self->is_over);
    while (self->type->work(self->node) == 1 && !atomic_load(&self->is_over)) {}
    if (is_last) return NULL;
    struct timespec pause = {0, 10000000};
    nanosleep(&pause, NULL);
  }
}

static int render_all(syrinx_shared *shared, const syrinx_type *type, void *node, int channel, uint32_t input_ports,
                      uint32_t output_ports, const uint32_t *widths);

int syrinx_lane_serve(syrinx_shared *shared, const void *of, void *node, int channel, uint32_t input_ports,
                      uint32_t output_ports, const uint32_t *widths) {
  worker beside = {of, node, 0, 0};
  int works = beside.type->work && pthread_create(&beside.thread, NULL, work, &beside) == 0;
  int result = render_all(shared, of, node, channel, input_ports, output_ports, widths);
  atomic_store(&beside.is_over, 1);
  if (works) pthread_join(beside.thread, NULL);
  return result;
}

static int render_all(syrinx_shared *shared, const syrinx_type *type, void *node, int channel, uint32_t input_ports,
                      uint32_t output_ports, const uint32_t *widths) {
  uint32_t mask = shared->capacity - 1, ports = input_ports + output_ports;
  uint32_t width = shared->inputs + shared->outputs;
  syrinx_buffer *buffers = calloc(ports + 1, sizeof *buffers);
  float **pointers = calloc(width + 1, sizeof *pointers);
  syrinx_change *changes = calloc(change_capacity, sizeof *changes);
  if (!buffers || !pointers || !changes) return 1;
  for (uint32_t port = 0, used = 0; port < ports; used += widths[port++])
    buffers[port] = (syrinx_buffer){pointers + used, widths[port], 0, 0, SYRINX_CONNECTED, 0};
  outlet out = {shared, 0};
  syrinx_block block = {sizeof block, SYRINX_DISCONTINUITY, input_ports, output_ports, 0, 0, buffers,
                        buffers + input_ports, changes, &out, emit};
  int64_t position = -1;
#if defined(__x86_64__)
  __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040u);  // Denormals are flushed, as on the host's render thread.
#elif defined(__aarch64__)
  uint64_t mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  __asm__ volatile("msr fpcr, %0" ::"r"(mode | (1u << 24)));
#endif
  while (1) {
    uint32_t ticket = atomic_load(&shared->work.rings);
    int64_t submitted = atomic_load(&shared->submitted);
    if (atomic_load(&shared->phase) == SYRINX_LANE_UP) {
      // This life begins where the host says so; what it had submitted before was another's.
      if (position < 0) position = atomic_load(&shared->answered);
    }
    if (position < 0 || submitted <= position) {
      if (is_left(channel)) return 0;
      sleep_on(&shared->work, ticket, 50000000);
      continue;
    }
    int64_t frames = submitted - position;
    if (frames > shared->delay) frames = shared->delay;
    int64_t whole = shared->capacity - (position & mask);
    if (frames > whole) frames = whole;  // up to where the ring begins again
    uint32_t begin = atomic_load(&shared->change_begin), end = atomic_load(&shared->change_end);
    block.change_count = 0;
    for (; begin != end; begin++) {
      change next = shared->changes[begin % change_capacity];
      if (next.frame >= position + frames) break;
      if (next.parameter == reset_parameter) {
        if (next.frame > position) {
          frames = next.frame - position;  // up to there first
          break;
        }
        type->reset(node);
        block.change_count = 0;
        block.flags |= SYRINX_DISCONTINUITY;
        continue;
      }
      uint32_t frame = next.frame > position ? (uint32_t)(next.frame - position) : 0;
      changes[block.change_count++] = (syrinx_change){next.parameter, frame, next.value};
    }
    atomic_store(&shared->change_begin, begin);
    for (uint32_t c = 0; c < width; c++) pointers[c] = channel_of(shared, c) + (position & mask);
    for (uint32_t port = 0; port < ports; port++) {
      buffers[port].frames = (uint32_t)frames;
      buffers[port].position = position;
    }
    out.position = position;
    int code = type->process(node, &block);
    block.flags = 0;
    if (code != 0) return fail(shared, 1, code), 1;
    if (!syrinx_ports_finite(buffers + input_ports, output_ports)) {
      if (syrinx_ports_finite(buffers, input_ports)) return fail(shared, 2, 0), 1;
      for (uint32_t c = shared->inputs; c < width; c++) memset(pointers[c], 0, (size_t)frames * sizeof(float));
    }
    position += frames;
    atomic_store(&shared->answered, position);
    ring(&shared->answer);
  }
}
