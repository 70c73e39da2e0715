// What the files of this target share.
#ifndef CLILV_INTERNAL_H
#define CLILV_INTERNAL_H

#include <lilv-0/lilv/lilv.h>
#include <lv2/urid/urid.h>
#include <pthread.h>

#include "CLilv.h"

// lilv's functions, all that are used.
#define CLV2_EACH(X)                                                                                                   \
  X(lilv_free) X(lilv_world_new) X(lilv_world_free) X(lilv_world_set_option) X(lilv_world_load_all)                    \
  X(lilv_world_get_all_plugins) X(lilv_world_load_resource) X(lilv_world_get) X(lilv_world_ask)                        \
  X(lilv_new_uri) X(lilv_new_string) X(lilv_new_bool) X(lilv_node_free) X(lilv_node_as_string) X(lilv_node_as_uri)     \
  X(lilv_node_is_uri) X(lilv_node_is_float) X(lilv_node_is_int) X(lilv_node_is_bool) X(lilv_node_as_float)             \
  X(lilv_node_equals) X(lilv_plugins_begin) X(lilv_plugins_next) X(lilv_plugins_is_end) X(lilv_plugins_get)            \
  X(lilv_plugins_get_by_uri) X(lilv_plugin_get_uri) X(lilv_plugin_get_name) X(lilv_plugin_get_class)                   \
  X(lilv_plugin_class_get_label) X(lilv_plugin_get_author_name) X(lilv_plugin_get_value)                               \
  X(lilv_plugin_get_num_ports) X(lilv_plugin_get_port_by_index) X(lilv_plugin_has_latency)                             \
  X(lilv_plugin_get_latency_port_index) X(lilv_plugin_get_required_features) X(lilv_plugin_has_feature)                \
  X(lilv_plugin_has_extension_data) X(lilv_plugin_get_related) X(lilv_plugin_instantiate) X(lilv_instance_free)        \
  X(lilv_port_get_symbol) X(lilv_port_get_name) X(lilv_port_is_a) X(lilv_port_has_property) X(lilv_port_get)           \
  X(lilv_port_get_range) X(lilv_port_get_scale_points) X(lilv_scale_points_begin) X(lilv_scale_points_next)            \
  X(lilv_scale_points_is_end) X(lilv_scale_points_get) X(lilv_scale_points_free) X(lilv_scale_point_get_label)         \
  X(lilv_scale_point_get_value) X(lilv_nodes_begin) X(lilv_nodes_next) X(lilv_nodes_is_end) X(lilv_nodes_get)          \
  X(lilv_nodes_get_first) X(lilv_nodes_size) X(lilv_nodes_free) X(lilv_state_new_from_world)                           \
  X(lilv_state_emit_port_values) X(lilv_state_restore) X(lilv_state_free)

typedef struct {
#define CLV2_MEMBER(name) __typeof__(name) *name;
  CLV2_EACH(CLV2_MEMBER)
#undef CLV2_MEMBER
} clv2_lilv;

// The functions; NULL if lilv cannot be opened, with the reason in error. Thread: any.
const clv2_lilv *clv2_library(char *error, size_t size);

struct clv2_world {
  pthread_mutex_t lock;
  const clv2_lilv *lilv;
  LilvWorld *world;
  const LilvPlugins *plugins;
  char **uris;
  size_t count;
};

// At most 255 bytes of a text, cut at a whole character. NULL stays NULL.
char *clv2_copy(const char *text);
const LilvPlugin *clv2_find(clv2_world *world, const char *uri);

// Numbers for URIs, one table a process. Thread: any.
LV2_URID clv2_map(LV2_URID_Map_Handle handle, const char *uri);
const char *clv2_unmap(LV2_URID_Unmap_Handle handle, LV2_URID urid);

// Whether a feature that a plugin requires is one that clv2_open gives.
bool clv2_gives(const char *feature);

#endif
