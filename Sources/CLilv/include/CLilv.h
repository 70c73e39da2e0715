// A C face on lilv, the library that knows the installed LV2 plugins: what they are, and one of them running.
//
// lilv is opened by dlopen at the first call of clv2_world_new, so that a program that hosts no plugin neither loads it
// nor needs it. Everything that comes from a plugin's metadata is bounded here: numbers of things by the limits below,
// texts to 255 bytes.
#ifndef CLILV_H
#define CLILV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  clv2_most_plugins = 16384,
  clv2_most_ports = 2048,
  clv2_most_points = 512,
  clv2_most_presets = 4096,
  clv2_most_instances = 64,
};

// The installed plugins. Thread: any but render; every call takes a lock of the world.
typedef struct clv2_world clv2_world;

// Reads which plugins are installed. path: folders as in LV2_PATH; NULL: LV2_PATH, or the system's. No plugin is loaded,
// not even for its metadata (dynamic manifests). On failure NULL, with the reason in error.
clv2_world *clv2_world_new(const char *path, char *error, size_t size);
void clv2_world_free(clv2_world *world);
size_t clv2_world_count(const clv2_world *world);
const char *clv2_world_uri(const clv2_world *world, size_t index);
// Writes the name and the class of a plugin; empty where there is none.
void clv2_world_label(clv2_world *world, size_t index, char *name, char *class_name, size_t size);

typedef enum { clv2_audio, clv2_control, clv2_cv, clv2_atom, clv2_other } clv2_kind;

typedef struct {
  char *label;
  float value;
} clv2_point;

typedef struct {
  char *symbol, *name, *unit;  // unit: its URI, or NULL
  clv2_kind kind;
  bool is_input, is_optional, is_integer, is_toggled, is_enumeration, is_rate_factor, is_sidechain, is_free_wheel;
  float least, most, preset;  // NaN: not stated
  clv2_point *points;         // by value
  size_t point_count;
} clv2_port;

typedef struct {
  char *uri, *label;
} clv2_preset;

typedef struct {
  char *uri, *name, *class_name, *author, *licence;
  clv2_port *ports;
  size_t port_count;
  clv2_preset *presets;
  size_t preset_count;
  int latency_port;        // -1: none
  char *lacking;           // required features that this host has not, with commas; NULL: none
  bool has_worker, has_state;
} clv2_plugin;

// What a plugin's metadata says. NULL: no such plugin, or beyond a limit, with the reason in error.
clv2_plugin *clv2_describe(clv2_world *world, const char *uri, char *error, size_t size);
void clv2_plugin_free(clv2_plugin *plugin);

// Writes the port values of a preset into values, one a port; those that it does not name stay. false: no such preset.
bool clv2_preset_values(clv2_world *world, const char *uri, const char *preset, float *values, size_t count);

// One or several instances of a plugin that share their parameters.
typedef struct clv2_host clv2_host;

typedef struct {
  double rate;
  uint32_t largest_block;
  uint32_t instances;
  // true: work that a plugin schedules is done at once, on the thread that runs it.
  bool works_at_once;
  // A preset whose state is restored, or NULL.
  const char *preset;
} clv2_settings;

// Loads a plugin, makes its instances and activates them. values: the start values of all ports. On failure NULL, with
// the plugin's own words in error. Thread: any but render.
clv2_host *clv2_open(
    clv2_world *world, const char *uri, const clv2_settings *settings, const float *values, char *error, size_t size);
void clv2_close(clv2_host *host);

// The value of each port that is a control input, for all instances. Thread: render.
float *clv2_inputs(clv2_host *host);
// The value of each port that is a control output, of the first instance. Thread: render, and before the first run.
const float *clv2_outputs(clv2_host *host);
// The buffer of a CV port: as many samples as the largest block. Thread: render.
float *clv2_cv_buffer(clv2_host *host, uint32_t port, uint32_t instance);

// Runs all instances. inputs, outputs: the audio ports, one instance after the other, in the order of the ports; each with
// frames samples after the first. NaN and infinity in count as 0. Returns true if an instance gave a sample that is not
// finite. Thread: render.
bool clv2_run(
    clv2_host *host, const float *const *inputs, float *const *outputs, uint32_t first, uint32_t frames);
// Deactivates and activates. Thread: render, or any while nothing is run.
void clv2_reset(clv2_host *host);

// Does the work that plugins scheduled since the last call. Returns how many pieces. Thread: one that is not render.
size_t clv2_work(clv2_host *host);
bool clv2_has_worker(const clv2_host *host);

#endif
