// Runs an LV2 plugin over samples from standard input, as simply as lilv lets one: what the node lv2 is compared with.
//
//   reference URI RATE BLOCK < in.f32 > out.f32
//
// Samples are interleaved 32-bit floats: one channel for each audio input that is no side chain (side chains hear
// silence), one for each audio output going out. Control ports have their defaults. The last line on standard error is the
// latency that the plugin reports.
#include <lilv-0/lilv/lilv.h>
#include <lv2/atom/atom.h>
#include <lv2/buf-size/buf-size.h>
#include <lv2/core/lv2.h>
#include <lv2/options/options.h>
#include <lv2/parameters/parameters.h>
#include <lv2/port-groups/port-groups.h>
#include <lv2/state/state.h>
#include <lv2/worker/worker.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { most_ports = 2048, atom_bytes = 1 << 16 };

static char *uris[65536];
static uint32_t uri_count = 0;

static LV2_URID map(LV2_URID_Map_Handle handle, const char *uri) {
  (void)handle;
  for (uint32_t i = 0; i < uri_count; i++)
    if (strcmp(uris[i], uri) == 0) return i + 1;
  uris[uri_count] = strdup(uri);
  return ++uri_count;
}

static const char *unmap(LV2_URID_Unmap_Handle handle, LV2_URID urid) {
  (void)handle;
  return urid > 0 && urid <= uri_count ? uris[urid - 1] : NULL;
}

// Work is done when it is scheduled; its responses wait for the end of the run.
static LilvInstance *instance;
static const LV2_Worker_Interface *worker;
static struct {
  uint32_t size;
  void *data;
} answers[1024];
static uint32_t answer_count = 0;

static LV2_Worker_Status respond(LV2_Worker_Respond_Handle handle, uint32_t size, const void *data) {
  (void)handle;
  if (answer_count == 1024) return LV2_WORKER_ERR_NO_SPACE;
  answers[answer_count].size = size;
  answers[answer_count].data = malloc(size + 1);
  memcpy(answers[answer_count++].data, data, size);
  return LV2_WORKER_SUCCESS;
}

static LV2_Worker_Status schedule(LV2_Worker_Schedule_Handle handle, uint32_t size, const void *data) {
  (void)handle;
  return worker->work(lilv_instance_get_handle(instance), respond, NULL, size, data);
}

int main(int count, char **arguments) {
  if (count != 4) return 64;
  const char *uri = arguments[1];
  double rate = atof(arguments[2]);
  int32_t block = atoi(arguments[3]), least = 1, sequence_bytes = atom_bytes;
  float float_rate = (float)rate;
  LilvWorld *world = lilv_world_new();
  lilv_world_load_all(world);
#define NODE(uri) lilv_new_uri(world, uri)
  LilvNode *node = NODE(uri);
  const LilvPlugin *plugin = lilv_plugins_get_by_uri(lilv_world_get_all_plugins(world), node);
  if (!plugin) return 65;
  LV2_URID_Map map_feature = {NULL, map};
  LV2_URID_Unmap unmap_feature = {NULL, unmap};
  LV2_Worker_Schedule schedule_feature = {NULL, schedule};
  LV2_URID integer = map(NULL, LV2_ATOM__Int);
  LV2_Options_Option options[] = {
      {LV2_OPTIONS_INSTANCE, 0, map(NULL, LV2_BUF_SIZE__minBlockLength), 4, integer, &least},
      {LV2_OPTIONS_INSTANCE, 0, map(NULL, LV2_BUF_SIZE__maxBlockLength), 4, integer, &block},
      {LV2_OPTIONS_INSTANCE, 0, map(NULL, LV2_BUF_SIZE_PREFIX "nominalBlockLength"), 4, integer, &block},
      {LV2_OPTIONS_INSTANCE, 0, map(NULL, LV2_BUF_SIZE__sequenceSize), 4, integer, &sequence_bytes},
      {LV2_OPTIONS_INSTANCE, 0, map(NULL, LV2_PARAMETERS__sampleRate), 4, map(NULL, LV2_ATOM__Float), &float_rate},
      {0}};
  LV2_Feature features[] = {
      {LV2_URID__map, &map_feature},           {LV2_URID__unmap, &unmap_feature},
      {LV2_OPTIONS__options, options},         {LV2_WORKER__schedule, &schedule_feature},
      {LV2_BUF_SIZE__boundedBlockLength, NULL}};
  const LV2_Feature *pointers[] = {&features[0], &features[1], &features[2], &features[3], &features[4], NULL};
  instance = lilv_plugin_instantiate(plugin, rate, pointers);
  if (!instance) return 69;
  worker = lilv_instance_get_extension_data(instance, LV2_WORKER__interface);
  uint32_t ports = lilv_plugin_get_num_ports(plugin);
  if (ports > most_ports) return 65;
  static float values[most_ports], least_values[most_ports], most_values[most_ports];
  static float *buffers[most_ports];
  static void *atoms[most_ports];
  static bool takes_events[most_ports];
  LV2_URID sequence_type = map(NULL, LV2_ATOM__Sequence), chunk_type = map(NULL, LV2_ATOM__Chunk);
  uint32_t inputs[most_ports], outputs[most_ports], input_count = 0, output_count = 0;
  lilv_plugin_get_port_ranges_float(plugin, least_values, most_values, values);
  for (uint32_t i = 0; i < ports; i++) {
    const LilvPort *port = lilv_plugin_get_port_by_index(plugin, i);
    bool is_input = lilv_port_is_a(plugin, port, NODE(LV2_CORE__InputPort));
    if (lilv_port_is_a(plugin, port, NODE(LV2_CORE__AudioPort)) || lilv_port_is_a(plugin, port, NODE(LV2_CORE__CVPort))) {
      buffers[i] = calloc((size_t)block + 64, sizeof(float));
      lilv_instance_connect_port(instance, i, buffers[i]);
      bool is_side = lilv_port_has_property(plugin, port, NODE(LV2_CORE_PREFIX "isSideChain"));
      LilvNode *group = lilv_port_get(plugin, port, NODE(LV2_PORT_GROUPS__group));
      if (group && lilv_world_ask(world, group, NODE(LV2_PORT_GROUPS__sideChainOf), NULL)) is_side = true;
      if (!lilv_port_is_a(plugin, port, NODE(LV2_CORE__AudioPort))) continue;
      if (is_input && !is_side) inputs[input_count++] = i;
      if (!is_input) outputs[output_count++] = i;
    } else if (lilv_port_is_a(plugin, port, NODE(LV2_CORE__ControlPort))) {
      if (!isfinite(values[i])) values[i] = isfinite(least_values[i]) ? least_values[i] : 0;
      LilvNode *designation = lilv_port_get(plugin, port, NODE(LV2_CORE__designation));
      if (designation && lilv_node_equals(designation, NODE(LV2_CORE__freeWheeling))) values[i] = 1;
      lilv_instance_connect_port(instance, i, &values[i]);
    } else {
      takes_events[i] = is_input;
      atoms[i] = lilv_port_is_a(plugin, port, NODE(LV2_ATOM__AtomPort)) ? calloc(1, atom_bytes) : NULL;
      lilv_instance_connect_port(instance, i, atoms[i]);
    }
  }
  if (lilv_plugin_has_feature(plugin, NODE(LV2_STATE__loadDefaultState))) {
    LilvState *state = lilv_state_new_from_world(world, &map_feature, node);
    if (state) lilv_state_restore(state, instance, NULL, NULL, 0, pointers);
  }
  lilv_instance_activate(instance);
  float *in = calloc((size_t)block * (input_count + 1), sizeof(float));
  float *out = calloc((size_t)block * (output_count + 1), sizeof(float));
  size_t frames;
  size_t width = input_count ? input_count : 1;
  while ((frames = fread(in, sizeof(float) * width, (size_t)block, stdin)) > 0) {
    for (uint32_t i = 0; i < input_count; i++)
      for (size_t k = 0; k < frames; k++) buffers[inputs[i]][k] = in[k * input_count + i];
    for (uint32_t i = 0; i < ports; i++) {
      LV2_Atom_Sequence *sequence = atoms[i];
      if (!sequence) continue;
      sequence->atom.type = takes_events[i] ? sequence_type : chunk_type;
      sequence->atom.size = takes_events[i] ? sizeof(LV2_Atom_Sequence_Body) : atom_bytes - sizeof(LV2_Atom);
      sequence->body = (LV2_Atom_Sequence_Body){0, 0};
    }
    lilv_instance_run(instance, (uint32_t)frames);
    for (uint32_t i = 0; i < answer_count; i++) {
      if (worker->work_response)
        worker->work_response(lilv_instance_get_handle(instance), answers[i].size, answers[i].data);
      free(answers[i].data);
    }
    answer_count = 0;
    if (worker && worker->end_run) worker->end_run(lilv_instance_get_handle(instance));
    for (uint32_t i = 0; i < output_count; i++)
      for (size_t k = 0; k < frames; k++) out[k * output_count + i] = buffers[outputs[i]][k];
    fwrite(out, sizeof(float) * output_count, frames, stdout);
  }
  int latency = 0;
  if (lilv_plugin_has_latency(plugin)) latency = (int)lrintf(values[lilv_plugin_get_latency_port_index(plugin)]);
  fprintf(stderr, "\n%d\n", latency);
  return fflush(stdout) == 0 ? 0 : 74;
}
