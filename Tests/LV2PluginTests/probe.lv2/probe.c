// Plugins that do one thing each, for tests of a host.
#include <lv2/atom/atom.h>
#include <lv2/buf-size/buf-size.h>
#include <lv2/core/lv2.h>
#include <lv2/log/log.h>
#include <lv2/options/options.h>
#include <lv2/state/state.h>
#include <lv2/urid/urid.h>
#include <lv2/worker/worker.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { port_count = 8, ring = 4096 };

// Ports of all: 0 audio in, 1 audio out, then what each says.
typedef struct {
  float *ports[port_count];
  const LV2_Worker_Schedule *schedule;
  LV2_URID number, factor_key;
  float factor, asked, delayed[ring], blocks;
  uint32_t written;
} probe;

static const void *feature(const LV2_Feature *const *features, const char *uri) {
  for (; *features; features++)
    if (strcmp((*features)->URI, uri) == 0) return (*features)->data;
  return NULL;
}

static LV2_Handle make(const LV2_Descriptor *type, double rate, const char *path, const LV2_Feature *const *features) {
  (void)path;
  const LV2_URID_Map *map = feature(features, LV2_URID__map);
  if (strstr(type->URI, "refuses")) {
    const LV2_Log_Log *log = feature(features, LV2_LOG__log);
    if (log) log->printf(log->handle, map->map(map->handle, LV2_LOG__Error), "no licence for %d Hz", (int)rate);
    return NULL;
  }
  probe *own = calloc(1, sizeof *own);
  own->schedule = feature(features, LV2_WORKER__schedule);
  own->number = map->map(map->handle, LV2_ATOM__Float);
  own->factor_key = map->map(map->handle, "urn:syrinx:probe:factor");
  const LV2_Options_Option *option = feature(features, LV2_OPTIONS__options);
  for (LV2_URID most = map->map(map->handle, LV2_BUF_SIZE__maxBlockLength); option && option->key; option++)
    if (option->key == most) own->blocks = (float)*(const int32_t *)option->value;
  return own;
}

static void join(LV2_Handle handle, uint32_t port, void *data) {
  if (port < port_count) ((probe *)handle)->ports[port] = data;
}

static void begin(LV2_Handle handle) {
  probe *own = handle;
  memset(own->delayed, 0, sizeof own->delayed);
  own->written = 0;
  if (own->factor == 0) own->factor = 1;
  own->asked = 0;
}

// out = in · factor; level: the last sample; blocks: 1 if the host says how long blocks are.
static void run_gain(LV2_Handle handle, uint32_t frames) {
  probe *own = handle;
  float factor = *own->ports[2];
  for (uint32_t i = 0; i < frames; i++) own->ports[1][i] = own->ports[0][i] * factor;
  if (frames) *own->ports[3] = own->ports[1][frames - 1];
  *own->ports[4] = own->blocks > 0 ? 1 : 0;
}

// Late by as many frames as it says.
static void run_late(LV2_Handle handle, uint32_t frames) {
  probe *own = handle;
  uint32_t late = (uint32_t)*own->ports[2];
  for (uint32_t i = 0; i < frames; i++) {
    own->delayed[own->written % ring] = own->ports[0][i];
    own->ports[1][i] = own->delayed[(own->written - late) % ring];
    own->written++;
  }
  *own->ports[3] = (float)late;
}

// Gives NaN while the input is above its limit.
static void run_broken(LV2_Handle handle, uint32_t frames) {
  probe *own = handle;
  for (uint32_t i = 0; i < frames; i++) own->ports[1][i] = own->ports[0][i] > *own->ports[2] ? NAN : own->ports[0][i];
}

// Has its factor computed by its worker: twice what was asked for.
static void run_worker(LV2_Handle handle, uint32_t frames) {
  probe *own = handle;
  float asked = *own->ports[2];
  if (asked != own->asked && own->schedule->schedule_work(own->schedule->handle, sizeof asked, &asked) == LV2_WORKER_SUCCESS)
    own->asked = asked;
  for (uint32_t i = 0; i < frames; i++) own->ports[1][i] = own->ports[0][i] * own->factor;
}

static LV2_Worker_Status work(
    LV2_Handle handle, LV2_Worker_Respond_Function respond, LV2_Worker_Respond_Handle to, uint32_t size,
    const void *data) {
  (void)handle;
  float twice = 2 * *(const float *)data;
  return respond(to, size, &twice);
}

static LV2_Worker_Status take_response(LV2_Handle handle, uint32_t size, const void *data) {
  if (size == sizeof(float)) ((probe *)handle)->factor = *(const float *)data;
  return LV2_WORKER_SUCCESS;
}

// out = in · modulation; the modulation goes out again, negated.
static void run_cv(LV2_Handle handle, uint32_t frames) {
  probe *own = handle;
  for (uint32_t i = 0; i < frames; i++) {
    own->ports[1][i] = own->ports[0][i] * own->ports[2][i];
    own->ports[3][i] = -own->ports[2][i];
  }
}

// out = in · the factor of its state.
static void run_state(LV2_Handle handle, uint32_t frames) {
  probe *own = handle;
  for (uint32_t i = 0; i < frames; i++) own->ports[1][i] = own->ports[0][i] * own->factor * *own->ports[2];
}

static LV2_State_Status save(
    LV2_Handle handle, LV2_State_Store_Function store, LV2_State_Handle to, uint32_t flags,
    const LV2_Feature *const *features) {
  (void)flags;
  (void)features;
  probe *own = handle;
  return store(to, own->factor_key, &own->factor, sizeof own->factor, own->number, LV2_STATE_IS_POD);
}

static LV2_State_Status restore(
    LV2_Handle handle, LV2_State_Retrieve_Function retrieve, LV2_State_Handle from, uint32_t flags,
    const LV2_Feature *const *features) {
  (void)flags;
  (void)features;
  probe *own = handle;
  size_t size;
  uint32_t type, state_flags;
  const void *value = retrieve(from, own->factor_key, &size, &type, &state_flags);
  if (value && type == own->number) own->factor = *(const float *)value;
  return LV2_STATE_SUCCESS;
}

static const void *extension(const char *uri) {
  static const LV2_Worker_Interface worker = {work, take_response, NULL};
  static const LV2_State_Interface state = {save, restore};
  if (strcmp(uri, LV2_WORKER__interface) == 0) return &worker;
  if (strcmp(uri, LV2_STATE__interface) == 0) return &state;
  return NULL;
}

static void drop(LV2_Handle handle) { free(handle); }

#define PROBE(name) {"urn:syrinx:probe:" #name, make, join, begin, run_##name, NULL, drop, extension}
static const LV2_Descriptor types[] = {
    PROBE(gain), PROBE(late), PROBE(broken), PROBE(worker), PROBE(cv), PROBE(state),
    {"urn:syrinx:probe:refuses", make, join, begin, run_gain, NULL, drop, NULL},
};

LV2_SYMBOL_EXPORT const LV2_Descriptor *lv2_descriptor(uint32_t index) {
  return index < sizeof types / sizeof *types ? &types[index] : NULL;
}
