// What the metadata of installed plugins says.
#include <lv2/atom/atom.h>
#include <lv2/buf-size/buf-size.h>
#include <lv2/core/lv2.h>
#include <lv2/port-groups/port-groups.h>
#include <lv2/presets/presets.h>
#include <lv2/state/state.h>
#include <lv2/units/units.h>
#include <lv2/worker/worker.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

clv2_world *clv2_world_new(const char *path, char *error, size_t size) {
  const clv2_lilv *lilv = clv2_library(error, size);
  if (!lilv) return NULL;
  clv2_world *world = calloc(1, sizeof *world);
  if (!world) return NULL;
  pthread_mutex_init(&world->lock, NULL);
  world->lilv = lilv;
  world->world = lilv->lilv_world_new();
  // A dynamic manifest is a library that would be run to learn what it holds.
  LilvNode *no = lilv->lilv_new_bool(world->world, false);
  lilv->lilv_world_set_option(world->world, LILV_OPTION_DYN_MANIFEST, no);
  lilv->lilv_node_free(no);
  if (path) {
    LilvNode *folders = lilv->lilv_new_string(world->world, path);
    lilv->lilv_world_set_option(world->world, LILV_OPTION_LV2_PATH, folders);
    lilv->lilv_node_free(folders);
  }
  lilv->lilv_world_load_all(world->world);
  world->plugins = lilv->lilv_world_get_all_plugins(world->world);
  world->uris = calloc(clv2_most_plugins, sizeof *world->uris);
  if (!world->uris) return world;
  for (LilvIter *i = lilv->lilv_plugins_begin(world->plugins);
       !lilv->lilv_plugins_is_end(world->plugins, i) && world->count < clv2_most_plugins;
       i = lilv->lilv_plugins_next(world->plugins, i)) {
    const LilvPlugin *plugin = lilv->lilv_plugins_get(world->plugins, i);
    char *uri = clv2_copy(lilv->lilv_node_as_uri(lilv->lilv_plugin_get_uri(plugin)));
    if (uri) world->uris[world->count++] = uri;
  }
  return world;
}

void clv2_world_free(clv2_world *world) {
  if (!world) return;
  world->lilv->lilv_world_free(world->world);
  for (size_t i = 0; i < world->count; i++) free(world->uris[i]);
  free(world->uris);
  pthread_mutex_destroy(&world->lock);
  free(world);
}

size_t clv2_world_count(const clv2_world *world) { return world->count; }
const char *clv2_world_uri(const clv2_world *world, size_t index) { return world->uris[index]; }

const LilvPlugin *clv2_find(clv2_world *world, const char *uri) {
  // lilv complains on standard error of what is no URI; what is installed is one.
  size_t place = 0;
  while (place < world->count && strcmp(world->uris[place], uri) != 0) place++;
  if (place == world->count) return NULL;
  LilvNode *node = world->lilv->lilv_new_uri(world->world, uri);
  if (!node) return NULL;
  const LilvPlugin *plugin = world->lilv->lilv_plugins_get_by_uri(world->plugins, node);
  world->lilv->lilv_node_free(node);
  return plugin;
}

static char *copy_node(const clv2_lilv *lilv, const LilvNode *node) {
  return node ? clv2_copy(lilv->lilv_node_as_string(node)) : NULL;
}

// Takes the node.
static char *take_node(const clv2_lilv *lilv, LilvNode *node) {
  char *text = copy_node(lilv, node);
  lilv->lilv_node_free(node);
  return text;
}

static float number(const clv2_lilv *lilv, const LilvNode *node) {
  if (!node) return NAN;
  if (lilv->lilv_node_is_bool(node)) return strcmp(lilv->lilv_node_as_string(node), "true") == 0 ? 1 : 0;
  if (!lilv->lilv_node_is_float(node) && !lilv->lilv_node_is_int(node)) return NAN;
  return lilv->lilv_node_as_float(node);
}

void clv2_world_label(clv2_world *world, size_t index, char *name, char *class_name, size_t size) {
  const clv2_lilv *lilv = world->lilv;
  name[0] = class_name[0] = 0;
  pthread_mutex_lock(&world->lock);
  const LilvPlugin *plugin = clv2_find(world, world->uris[index]);
  if (plugin) {
    char *text = take_node(lilv, lilv->lilv_plugin_get_name(plugin));
    if (text) snprintf(name, size, "%s", text);
    free(text);
    text = copy_node(lilv, lilv->lilv_plugin_class_get_label(lilv->lilv_plugin_get_class(plugin)));
    if (text) snprintf(class_name, size, "%s", text);
    free(text);
  }
  pthread_mutex_unlock(&world->lock);
}

// A property or class of a port, by URI.
typedef struct {
  clv2_world *world;
  const LilvPlugin *plugin;
  const LilvPort *port;
} port_place;

static bool is_a(port_place at, const char *uri) {
  LilvNode *node = at.world->lilv->lilv_new_uri(at.world->world, uri);
  bool result = at.world->lilv->lilv_port_is_a(at.plugin, at.port, node);
  at.world->lilv->lilv_node_free(node);
  return result;
}

static bool has(port_place at, const char *uri) {
  LilvNode *node = at.world->lilv->lilv_new_uri(at.world->world, uri);
  bool result = at.world->lilv->lilv_port_has_property(at.plugin, at.port, node);
  at.world->lilv->lilv_node_free(node);
  return result;
}

// One object of a port's property, owned by the caller, or NULL.
static LilvNode *get(port_place at, const char *uri) {
  LilvNode *predicate = at.world->lilv->lilv_new_uri(at.world->world, uri);
  LilvNode *node = at.world->lilv->lilv_port_get(at.plugin, at.port, predicate);
  at.world->lilv->lilv_node_free(predicate);
  return node;
}

static int by_value(const void *one, const void *other) {
  float a = ((const clv2_point *)one)->value, b = ((const clv2_point *)other)->value;
  return a < b ? -1 : a > b;
}

static void read_points(port_place at, clv2_port *result) {
  const clv2_lilv *lilv = at.world->lilv;
  LilvScalePoints *points = lilv->lilv_port_get_scale_points(at.plugin, at.port);
  if (!points) return;
  result->points = calloc(clv2_most_points, sizeof *result->points);
  for (LilvIter *i = lilv->lilv_scale_points_begin(points);
       result->points && !lilv->lilv_scale_points_is_end(points, i) && result->point_count < clv2_most_points;
       i = lilv->lilv_scale_points_next(points, i)) {
    const LilvScalePoint *point = lilv->lilv_scale_points_get(points, i);
    float value = number(lilv, lilv->lilv_scale_point_get_value(point));
    char *label = copy_node(lilv, lilv->lilv_scale_point_get_label(point));
    if (isfinite(value) && label)
      result->points[result->point_count++] = (clv2_point){label, value};
    else
      free(label);
  }
  lilv->lilv_scale_points_free(points);
  if (result->points) qsort(result->points, result->point_count, sizeof *result->points, by_value);
}

static void read_port(port_place at, clv2_port *result) {
  const clv2_lilv *lilv = at.world->lilv;
  result->symbol = copy_node(lilv, lilv->lilv_port_get_symbol(at.plugin, at.port));
  result->name = take_node(lilv, lilv->lilv_port_get_name(at.plugin, at.port));
  bool in = is_a(at, LV2_CORE__InputPort), out = is_a(at, LV2_CORE__OutputPort);
  result->is_input = in;
  result->kind = in == out                                ? clv2_other
                 : is_a(at, LV2_CORE__AudioPort)          ? clv2_audio
                 : is_a(at, LV2_CORE__ControlPort)        ? clv2_control
                 : is_a(at, LV2_CORE__CVPort)             ? clv2_cv
                 : is_a(at, LV2_ATOM__AtomPort)           ? clv2_atom
                                                          : clv2_other;
  result->is_optional = has(at, LV2_CORE__connectionOptional);
  result->is_integer = has(at, LV2_CORE__integer);
  result->is_toggled = has(at, LV2_CORE__toggled);
  result->is_enumeration = has(at, LV2_CORE__enumeration);
  result->is_rate_factor = has(at, LV2_CORE__sampleRate);
  result->is_sidechain = has(at, LV2_CORE_PREFIX "isSideChain");
  LilvNode *group = get(at, LV2_PORT_GROUPS__group);
  if (group) {
    LilvNode *side = lilv->lilv_new_uri(at.world->world, LV2_PORT_GROUPS__sideChainOf);
    if (lilv->lilv_world_ask(at.world->world, group, side, NULL)) result->is_sidechain = true;
    lilv->lilv_node_free(side);
    lilv->lilv_node_free(group);
  }
  LilvNode *designation = get(at, LV2_CORE__designation);
  if (designation) {
    result->is_free_wheel = strcmp(lilv->lilv_node_as_string(designation), LV2_CORE__freeWheeling) == 0;
    lilv->lilv_node_free(designation);
  }
  LilvNode *preset = NULL, *least = NULL, *most = NULL;
  lilv->lilv_port_get_range(at.plugin, at.port, &preset, &least, &most);
  result->preset = number(lilv, preset);
  result->least = number(lilv, least);
  result->most = number(lilv, most);
  lilv->lilv_node_free(preset);
  lilv->lilv_node_free(least);
  lilv->lilv_node_free(most);
  LilvNode *unit = get(at, LV2_UNITS__unit);
  if (unit && lilv->lilv_node_is_uri(unit)) result->unit = copy_node(lilv, unit);
  lilv->lilv_node_free(unit);
  if (result->kind == clv2_control) read_points(at, result);
}

static void read_presets(clv2_world *world, const LilvPlugin *plugin, clv2_plugin *result) {
  const clv2_lilv *lilv = world->lilv;
  LilvNode *type = lilv->lilv_new_uri(world->world, LV2_PRESETS__Preset);
  LilvNode *label = lilv->lilv_new_uri(world->world, "http://www.w3.org/2000/01/rdf-schema#label");
  LilvNodes *presets = lilv->lilv_plugin_get_related(plugin, type);
  size_t room = presets ? lilv->lilv_nodes_size(presets) : 0;
  if (room > clv2_most_presets) room = clv2_most_presets;
  result->presets = calloc(room ? room : 1, sizeof *result->presets);
  for (LilvIter *i = room ? lilv->lilv_nodes_begin(presets) : NULL;
       result->presets && i && !lilv->lilv_nodes_is_end(presets, i) && result->preset_count < room;
       i = lilv->lilv_nodes_next(presets, i)) {
    const LilvNode *preset = lilv->lilv_nodes_get(presets, i);
    char *uri = copy_node(lilv, preset);
    if (!uri) continue;
    lilv->lilv_world_load_resource(world->world, preset);
    char *words = take_node(lilv, lilv->lilv_world_get(world->world, preset, label, NULL));
    result->presets[result->preset_count++] = (clv2_preset){uri, words ? words : clv2_copy(uri)};
  }
  if (presets) lilv->lilv_nodes_free(presets);
  lilv->lilv_node_free(label);
  lilv->lilv_node_free(type);
}

static void read_features(clv2_world *world, const LilvPlugin *plugin, clv2_plugin *result) {
  const clv2_lilv *lilv = world->lilv;
  LilvNodes *required = lilv->lilv_plugin_get_required_features(plugin);
  char text[256] = "";
  size_t length = 0;
  for (LilvIter *i = required ? lilv->lilv_nodes_begin(required) : NULL;
       i && !lilv->lilv_nodes_is_end(required, i); i = lilv->lilv_nodes_next(required, i)) {
    const char *feature = lilv->lilv_node_as_string(lilv->lilv_nodes_get(required, i));
    if (clv2_gives(feature) || length >= sizeof text) continue;
    length += (size_t)snprintf(text + length, sizeof text - length, "%s%s", length ? ", " : "", feature);
  }
  if (length) result->lacking = strdup(text);
  if (required) lilv->lilv_nodes_free(required);
}

static bool has_extension(clv2_world *world, const LilvPlugin *plugin, const char *uri) {
  LilvNode *node = world->lilv->lilv_new_uri(world->world, uri);
  bool result = world->lilv->lilv_plugin_has_extension_data(plugin, node);
  world->lilv->lilv_node_free(node);
  return result;
}

static clv2_plugin *read_plugin(clv2_world *world, const char *uri, char *error, size_t size) {
  const clv2_lilv *lilv = world->lilv;
  const LilvPlugin *plugin = clv2_find(world, uri);
  if (!plugin) {
    error[0] = 0;
    return NULL;
  }
  uint32_t ports = lilv->lilv_plugin_get_num_ports(plugin);
  if (ports > clv2_most_ports) {
    snprintf(error, size, "it has %u ports, at most %d are hosted", ports, clv2_most_ports);
    return NULL;
  }
  clv2_plugin *result = calloc(1, sizeof *result);
  if (!result) return NULL;
  result->uri = clv2_copy(uri);
  result->name = take_node(lilv, lilv->lilv_plugin_get_name(plugin));
  result->author = take_node(lilv, lilv->lilv_plugin_get_author_name(plugin));
  result->class_name = copy_node(lilv, lilv->lilv_plugin_class_get_label(lilv->lilv_plugin_get_class(plugin)));
  LilvNode *licence = lilv->lilv_new_uri(world->world, "http://usefulinc.com/ns/doap#license");
  LilvNodes *licences = lilv->lilv_plugin_get_value(plugin, licence);
  if (licences) result->licence = copy_node(lilv, lilv->lilv_nodes_get_first(licences));
  if (licences) lilv->lilv_nodes_free(licences);
  lilv->lilv_node_free(licence);
  result->latency_port =
      lilv->lilv_plugin_has_latency(plugin) ? (int)lilv->lilv_plugin_get_latency_port_index(plugin) : -1;
  result->ports = calloc(ports ? ports : 1, sizeof *result->ports);
  if (result->ports) result->port_count = ports;
  for (uint32_t i = 0; i < result->port_count; i++)
    read_port((port_place){world, plugin, lilv->lilv_plugin_get_port_by_index(plugin, i)}, &result->ports[i]);
  read_presets(world, plugin, result);
  read_features(world, plugin, result);
  result->has_worker = has_extension(world, plugin, LV2_WORKER__interface);
  result->has_state = has_extension(world, plugin, LV2_STATE__interface);
  return result;
}

clv2_plugin *clv2_describe(clv2_world *world, const char *uri, char *error, size_t size) {
  pthread_mutex_lock(&world->lock);
  clv2_plugin *plugin = read_plugin(world, uri, error, size);
  pthread_mutex_unlock(&world->lock);
  return plugin;
}

void clv2_plugin_free(clv2_plugin *plugin) {
  if (!plugin) return;
  for (size_t i = 0; i < plugin->port_count; i++) {
    clv2_port *port = &plugin->ports[i];
    for (size_t k = 0; k < port->point_count; k++) free(port->points[k].label);
    free(port->points);
    free(port->symbol);
    free(port->name);
    free(port->unit);
  }
  for (size_t i = 0; i < plugin->preset_count; i++) {
    free(plugin->presets[i].uri);
    free(plugin->presets[i].label);
  }
  free(plugin->ports);
  free(plugin->presets);
  free(plugin->uri);
  free(plugin->name);
  free(plugin->class_name);
  free(plugin->author);
  free(plugin->licence);
  free(plugin->lacking);
  free(plugin);
}

typedef struct {
  clv2_world *world;
  const LilvPlugin *plugin;
  float *values;
  size_t count;
} preset_values;

static void take_value(const char *symbol, void *data, const void *value, uint32_t size, uint32_t type) {
  preset_values *into = data;
  const clv2_lilv *lilv = into->world->lilv;
  double number;
  if (type == clv2_map(NULL, LV2_ATOM__Float) && size == 4)
    number = *(const float *)value;
  else if (type == clv2_map(NULL, LV2_ATOM__Double) && size == 8)
    number = *(const double *)value;
  else if ((type == clv2_map(NULL, LV2_ATOM__Int) || type == clv2_map(NULL, LV2_ATOM__Bool)) && size == 4)
    number = *(const int32_t *)value;
  else
    return;
  if (!isfinite(number)) return;
  for (uint32_t i = 0; i < into->count; i++) {
    const LilvPort *port = lilv->lilv_plugin_get_port_by_index(into->plugin, i);
    if (strcmp(lilv->lilv_node_as_string(lilv->lilv_port_get_symbol(into->plugin, port)), symbol) != 0) continue;
    into->values[i] = (float)number;
    return;
  }
}

bool clv2_preset_values(clv2_world *world, const char *uri, const char *preset, float *values, size_t count) {
  const clv2_lilv *lilv = world->lilv;
  bool is_there = false;
  pthread_mutex_lock(&world->lock);
  const LilvPlugin *plugin = clv2_find(world, uri);
  LilvNode *node = lilv->lilv_new_uri(world->world, preset);
  if (plugin && node && count == lilv->lilv_plugin_get_num_ports(plugin)) {
    lilv->lilv_world_load_resource(world->world, node);
    LV2_URID_Map map = {NULL, clv2_map};
    LilvState *state = lilv->lilv_state_new_from_world(world->world, &map, node);
    if (state) {
      preset_values into = {world, plugin, values, count};
      lilv->lilv_state_emit_port_values(state, take_value, &into);
      lilv->lilv_state_free(state);
      is_there = true;
    }
  }
  lilv->lilv_node_free(node);
  pthread_mutex_unlock(&world->lock);
  return is_there;
}
