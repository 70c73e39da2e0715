// Plugins that run.
#include <lv2/atom/atom.h>
#include <lv2/buf-size/buf-size.h>
#include <lv2/log/log.h>
#include <lv2/options/options.h>
#include <lv2/parameters/parameters.h>
#include <lv2/state/state.h>
#include <lv2/worker/worker.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "queue.h"

enum { atom_bytes = 1 << 16 };

// One instance, its memory, and the work that it scheduled.
typedef struct {
  clv2_host *host;
  LilvInstance *instance;
  const LV2_Worker_Interface *worker;
  LV2_Worker_Schedule schedule;
  // Audio and CV ports: samples; atom ports: a sequence; others: NULL. One a port.
  void **buffers;
  // Control outputs, one float a port.
  float *outputs;
  clv2_queue *requests, *responses;
  uint8_t *piece;
  LV2_Handle handle;
} clv2_instance;

struct clv2_host {
  clv2_world *world;
  uint32_t port_count, instance_count, largest_block, audio_in, audio_out;
  clv2_kind *kinds;
  bool *is_input;
  float *inputs, *start;
  clv2_instance *instances;
  bool works_at_once;
  LV2_URID sequence, chunk;
  // What plugins say while they are made; later words are dropped, since they may come from the render thread.
  bool listens;
  char words[256];
  LV2_URID_Map map;
  LV2_URID_Unmap unmap;
  LV2_Log_Log log;
  int32_t least_block, most_block, sequence_size;
  float rate;
  LV2_Options_Option options[6];
};

static const char *const given[] = {
    LV2_URID__map,         LV2_URID__unmap,          LV2_OPTIONS__options,
    LV2_WORKER__schedule,  LV2_LOG__log,             LV2_BUF_SIZE__boundedBlockLength,
    LV2_CORE__isLive,      LV2_CORE__hardRTCapable,  LV2_CORE__inPlaceBroken,
    LV2_STATE__loadDefaultState, LV2_STATE__threadSafeRestore,
};

bool clv2_gives(const char *feature) {
  for (size_t i = 0; i < sizeof given / sizeof *given; i++)
    if (strcmp(given[i], feature) == 0) return true;
  return false;
}

static int say_list(LV2_Log_Handle handle, LV2_URID type, const char *format, va_list arguments) {
  (void)type;
  clv2_host *host = handle;
  if (!host->listens) return 0;
  return vsnprintf(host->words, sizeof host->words, format, arguments);
}

static int say(LV2_Log_Handle handle, LV2_URID type, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int result = say_list(handle, type, format, arguments);
  va_end(arguments);
  return result;
}

static LV2_Worker_Status respond(LV2_Worker_Respond_Handle handle, uint32_t size, const void *data) {
  clv2_instance *own = handle;
  return clv2_queue_write(own->responses, data, size) ? LV2_WORKER_SUCCESS : LV2_WORKER_ERR_NO_SPACE;
}

static LV2_Worker_Status schedule(LV2_Worker_Schedule_Handle handle, uint32_t size, const void *data) {
  clv2_instance *own = handle;
  if (!own->worker) return LV2_WORKER_ERR_UNKNOWN;
  if (own->host->works_at_once) return own->worker->work(own->handle, respond, own, size, data);
  return clv2_queue_write(own->requests, data, size) ? LV2_WORKER_SUCCESS : LV2_WORKER_ERR_NO_SPACE;
}

static void clear_atoms(clv2_instance *own) {
  clv2_host *host = own->host;
  for (uint32_t i = 0; i < host->port_count; i++) {
    if (host->kinds[i] != clv2_atom) continue;
    LV2_Atom_Sequence *sequence = own->buffers[i];
    sequence->atom.type = host->is_input[i] ? host->sequence : host->chunk;
    sequence->atom.size = host->is_input[i] ? sizeof(LV2_Atom_Sequence_Body) : atom_bytes - sizeof(LV2_Atom);
    sequence->body.unit = sequence->body.pad = 0;
  }
}

static void set_options(clv2_host *host, const clv2_settings *settings) {
  host->map = (LV2_URID_Map){NULL, clv2_map};
  host->unmap = (LV2_URID_Unmap){NULL, clv2_unmap};
  host->log = (LV2_Log_Log){host, say, say_list};
  host->sequence = clv2_map(NULL, LV2_ATOM__Sequence);
  host->chunk = clv2_map(NULL, LV2_ATOM__Chunk);
  host->least_block = 1;
  host->most_block = (int32_t)settings->largest_block;
  host->sequence_size = atom_bytes;
  host->rate = (float)settings->rate;
  LV2_URID integer = clv2_map(NULL, LV2_ATOM__Int);
  const char *names[] = {
      LV2_BUF_SIZE__minBlockLength, LV2_BUF_SIZE__maxBlockLength, LV2_BUF_SIZE_PREFIX "nominalBlockLength",
      LV2_BUF_SIZE__sequenceSize};
  const int32_t *values[] = {&host->least_block, &host->most_block, &host->most_block, &host->sequence_size};
  for (int i = 0; i < 4; i++)
    host->options[i] =
        (LV2_Options_Option){LV2_OPTIONS_INSTANCE, 0, clv2_map(NULL, names[i]), sizeof(int32_t), integer, values[i]};
  host->options[4] = (LV2_Options_Option){
      LV2_OPTIONS_INSTANCE,           0, clv2_map(NULL, LV2_PARAMETERS__sampleRate), sizeof(float),
      clv2_map(NULL, LV2_ATOM__Float), &host->rate};
}

// Makes one instance and joins its ports to memory.
static bool make(clv2_instance *own, const LilvPlugin *plugin, double rate) {
  clv2_host *host = own->host;
  const clv2_lilv *lilv = host->world->lilv;
  own->requests = calloc(1, sizeof *own->requests);
  own->responses = calloc(1, sizeof *own->responses);
  own->piece = calloc(1, clv2_queue_bytes);
  own->buffers = calloc(host->port_count + 1, sizeof *own->buffers);
  own->outputs = calloc(host->port_count + 1, sizeof *own->outputs);
  if (!own->requests || !own->responses || !own->piece || !own->buffers || !own->outputs) return false;
  own->schedule = (LV2_Worker_Schedule){own, schedule};
  LV2_Feature features[] = {
      {LV2_URID__map, &host->map},
      {LV2_URID__unmap, &host->unmap},
      {LV2_OPTIONS__options, host->options},
      {LV2_LOG__log, &host->log},
      {LV2_WORKER__schedule, &own->schedule},
      {LV2_BUF_SIZE__boundedBlockLength, NULL},
      {LV2_STATE__loadDefaultState, NULL},
  };
  enum { count = sizeof features / sizeof *features };
  const LV2_Feature *pointers[count + 1] = {NULL};
  for (int i = 0; i < count; i++) pointers[i] = &features[i];
  own->instance = lilv->lilv_plugin_instantiate(plugin, rate, pointers);
  if (!own->instance) return false;
  own->handle = lilv_instance_get_handle(own->instance);
  own->worker = lilv_instance_get_extension_data(own->instance, LV2_WORKER__interface);
  for (uint32_t i = 0; i < host->port_count; i++) {
    size_t size = host->kinds[i] == clv2_atom                                     ? atom_bytes
                  : host->kinds[i] == clv2_audio || host->kinds[i] == clv2_cv     ? host->largest_block * sizeof(float)
                                                                                  : 0;
    // Room for a plugin that works in vectors and reads past the end.
    if (size && !(own->buffers[i] = aligned_alloc(64, (size + 127) / 64 * 64))) return false;
    if (size) memset(own->buffers[i], 0, (size + 127) / 64 * 64);
    void *place = own->buffers[i];
    if (host->kinds[i] == clv2_control) place = host->is_input[i] ? &host->inputs[i] : &own->outputs[i];
    lilv_instance_connect_port(own->instance, i, place);
  }
  return true;
}

// The state of a preset, or the plugin's own first state where there is one.
static void restore(clv2_instance *own, const LilvPlugin *plugin, const char *preset) {
  clv2_host *host = own->host;
  const clv2_lilv *lilv = host->world->lilv;
  if (!lilv_instance_get_extension_data(own->instance, LV2_STATE__interface)) return;
  LilvNode *feature = lilv->lilv_new_uri(host->world->world, LV2_STATE__loadDefaultState);
  bool has_default = lilv->lilv_plugin_has_feature(plugin, feature);
  lilv->lilv_node_free(feature);
  if (!preset && !has_default) return;
  LilvNode *node =
      preset ? lilv->lilv_new_uri(host->world->world, preset) : (LilvNode *)lilv->lilv_plugin_get_uri(plugin);
  if (preset) lilv->lilv_world_load_resource(host->world->world, node);
  LilvState *state = lilv->lilv_state_new_from_world(host->world->world, &host->map, node);
  if (state) {
    LV2_Feature features[] = {
        {LV2_URID__map, &host->map},
        {LV2_URID__unmap, &host->unmap},
        {LV2_LOG__log, &host->log},
        {LV2_WORKER__schedule, &own->schedule},
        {LV2_OPTIONS__options, host->options},
    };
    const LV2_Feature *pointers[] = {&features[0], &features[1], &features[2], &features[3], &features[4], NULL};
    bool works_at_once = host->works_at_once;
    host->works_at_once = true;
    lilv->lilv_state_restore(state, own->instance, NULL, NULL, 0, pointers);
    host->works_at_once = works_at_once;
    lilv->lilv_state_free(state);
  }
  if (preset) lilv->lilv_node_free(node);
}

static bool open_host(
    clv2_host *host, const clv2_settings *settings, const clv2_plugin *shape, const LilvPlugin *plugin,
    const float *values) {
  host->port_count = (uint32_t)shape->port_count;
  host->instance_count = settings->instances;
  host->largest_block = settings->largest_block;
  host->kinds = calloc(host->port_count + 1, sizeof *host->kinds);
  host->is_input = calloc(host->port_count + 1, sizeof *host->is_input);
  host->inputs = calloc(host->port_count + 1, sizeof *host->inputs);
  host->start = calloc(host->port_count + 1, sizeof *host->start);
  host->instances = calloc(host->instance_count, sizeof *host->instances);
  if (!host->kinds || !host->is_input || !host->inputs || !host->start || !host->instances) return false;
  for (uint32_t i = 0; i < host->port_count; i++) {
    host->kinds[i] = shape->ports[i].kind;
    host->is_input[i] = shape->ports[i].is_input;
    host->inputs[i] = host->start[i] = values[i];
    if (host->kinds[i] == clv2_audio) host->is_input[i] ? host->audio_in++ : host->audio_out++;
  }
  set_options(host, settings);
  host->works_at_once = settings->works_at_once;
  host->listens = true;
  for (uint32_t i = 0; i < host->instance_count; i++) {
    clv2_instance *own = &host->instances[i];
    own->host = host;
    if (!make(own, plugin, settings->rate)) return false;
    restore(own, plugin, settings->preset);
    clear_atoms(own);
    lilv_instance_activate(own->instance);
  }
  host->listens = false;
  return true;
}

clv2_host *clv2_open(
    clv2_world *world, const char *uri, const clv2_settings *settings, const float *values, char *error, size_t size) {
  error[0] = 0;
  clv2_plugin *shape = clv2_describe(world, uri, error, size);
  if (!shape) return NULL;
  clv2_host *host = calloc(1, sizeof *host);
  pthread_mutex_lock(&world->lock);
  const LilvPlugin *plugin = clv2_find(world, uri);
  if (host) host->world = world;
  bool is_open = host && plugin && open_host(host, settings, shape, plugin, values);
  pthread_mutex_unlock(&world->lock);
  clv2_plugin_free(shape);
  if (is_open) return host;
  if (host) snprintf(error, size, "%s", host->words);
  clv2_close(host);
  return NULL;
}

void clv2_close(clv2_host *host) {
  if (!host) return;
  for (uint32_t i = 0; host->instances && i < host->instance_count; i++) {
    clv2_instance *own = &host->instances[i];
    if (own->instance) {
      // A host that could not be opened to its end has instances that were never activated: those before the last were.
      if (!host->listens || i + 1 < host->instance_count) lilv_instance_deactivate(own->instance);
      pthread_mutex_lock(&host->world->lock);
      host->world->lilv->lilv_instance_free(own->instance);
      pthread_mutex_unlock(&host->world->lock);
    }
    for (uint32_t k = 0; own->buffers && k < host->port_count; k++) free(own->buffers[k]);
    free(own->buffers);
    free(own->outputs);
    free(own->requests);
    free(own->responses);
    free(own->piece);
  }
  free(host->instances);
  free(host->kinds);
  free(host->is_input);
  free(host->inputs);
  free(host->start);
  free(host);
}

float *clv2_inputs(clv2_host *host) { return host->inputs; }
const float *clv2_outputs(clv2_host *host) { return host->instances[0].outputs; }
float *clv2_cv_buffer(clv2_host *host, uint32_t port, uint32_t instance) {
  return host->instances[instance].buffers[port];
}

static const uint32_t exponent = 0x7F800000u;

// Copies samples; NaN and infinity become 0.
static void take(float *restrict to, const float *restrict from, uint32_t frames) {
  for (uint32_t i = 0; i < frames; i++) {
    uint32_t bits;
    memcpy(&bits, &from[i], 4);
    bits = (bits & exponent) == exponent ? 0 : bits;
    memcpy(&to[i], &bits, 4);
  }
}

// Copies samples. Returns whether one is not finite.
static bool give(float *restrict to, const float *restrict from, uint32_t frames) {
  uint32_t broken = 0;
  for (uint32_t i = 0; i < frames; i++) {
    uint32_t bits;
    memcpy(&bits, &from[i], 4);
    broken |= (bits & exponent) == exponent;
    to[i] = from[i];
  }
  return broken != 0;
}

bool clv2_run(
    clv2_host *host, const float *const *inputs, float *const *outputs, uint32_t first, uint32_t frames) {
  bool broken = false;
  for (uint32_t k = 0; k < host->instance_count; k++) {
    clv2_instance *own = &host->instances[k];
    uint32_t port = 0;
    for (uint32_t i = 0; i < host->port_count; i++)
      if (host->kinds[i] == clv2_audio && host->is_input[i])
        take(own->buffers[i], inputs[k * host->audio_in + port++] + first, frames);
    clear_atoms(own);
    lilv_instance_run(own->instance, frames);
    uint32_t size;
    while (clv2_queue_read(own->responses, own->piece, &size))
      if (own->worker && own->worker->work_response) own->worker->work_response(own->handle, size, own->piece);
    if (own->worker && own->worker->end_run) own->worker->end_run(own->handle);
    port = 0;
    for (uint32_t i = 0; i < host->port_count; i++)
      if (host->kinds[i] == clv2_audio && !host->is_input[i])
        broken |= give(outputs[k * host->audio_out + port++] + first, own->buffers[i], frames);
  }
  return broken;
}

void clv2_reset(clv2_host *host) {
  memcpy(host->inputs, host->start, host->port_count * sizeof *host->inputs);
  for (uint32_t i = 0; i < host->instance_count; i++) {
    lilv_instance_deactivate(host->instances[i].instance);
    memset(host->instances[i].outputs, 0, host->port_count * sizeof(float));
    lilv_instance_activate(host->instances[i].instance);
  }
}

size_t clv2_work(clv2_host *host) {
  static _Thread_local uint8_t piece[clv2_queue_bytes];
  size_t done = 0;
  for (uint32_t i = 0; i < host->instance_count; i++) {
    clv2_instance *own = &host->instances[i];
    uint32_t size;
    while (own->worker && clv2_queue_read(own->requests, piece, &size)) {
      own->worker->work(own->handle, respond, own, size, piece);
      done++;
    }
  }
  return done;
}

bool clv2_has_worker(const clv2_host *host) { return host->instances[0].worker != NULL; }
