// A plugin of a later minor version: its structures are longer than ours, and it asks for and offers what we do not know.
#include "syrinx_plugin.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  syrinx_port first;
  double colour[4];
} later_port;

typedef struct {
  syrinx_parameter first;
  const char *group;
} later_parameter;

typedef struct {
  syrinx_type first;
  void (*dream)(void *node);
} later_type;

typedef struct {
  syrinx_entry first;
  const char *licence;
} later_entry;

typedef struct {
  const syrinx_host *host;
  float gain;
} node;

static void *create(const syrinx_type *type, const syrinx_host *host, const syrinx_value *values) {
  (void)type;
  // What the host does not have it says it does not have.
  if (host->extension(host, "org.example.surround/3") != NULL) return NULL;
  node *self = calloc(1, sizeof *self);
  if (self) *self = (node){host, (float)values[1].number};
  return self;
}

static int activate(void *of, const syrinx_setup *setup) { return (void)of, (void)setup, SYRINX_OK; }
static void nothing(void *of) { (void)of; }

static int process(void *of, const syrinx_block *block) {
  node *self = of;
  for (uint32_t port = 0; port < 2; port++)
    for (uint32_t c = 0; c < block->outputs[port].channel_count; c++)
      for (uint32_t k = 0; k < block->outputs[port].frames; k++)
        block->outputs[port].channels[c][k] = block->inputs[port].channels[c][k] * self->gain;
  return SYRINX_OK;
}

static const char word[] = "org.example.surround/3";
static const void *extension(void *of, const char *name) { return (void)of, strcmp(name, word) == 0 ? word : NULL; }

#define PORT(is) {{.size = sizeof(later_port), .kind = SYRINX_AUDIO, .name = is}, {1, 2, 3, 4}}
static const later_port inputs[] = {PORT("in"), PORT("side")}, outputs[] = {PORT("out"), PORT("side")};
static const later_parameter parameters[] = {
    {{.size = sizeof(later_parameter), .kind = SYRINX_BOOLEAN, .name = "odd", .summary = "Odd."}, "a"},
    {{.size = sizeof(later_parameter), .kind = SYRINX_NUMBER, .name = "gain", .summary = "Gain.", .unit = "furlong",
      .lowest = 0, .highest = 4, .initial = 0.5}, "b"},
};
static const later_type future = {{
    .size = sizeof(later_type), .flags = 0xfffffff0, .name = "future", .summary = "Comes from later.",
    .input_count = 2, .output_count = 2, .parameter_count = 2, .inputs = &inputs[0].first, .outputs = &outputs[0].first,
    .parameters = &parameters[0].first, .create = create, .activate = activate, .process = process, .reset = nothing,
    .deactivate = nothing, .destroy = free, .extension = extension}, nothing};

static const syrinx_type *type(uint32_t index) { return index == 0 ? &future.first : NULL; }

static const later_entry entry = {{.size = sizeof(later_entry), .major = SYRINX_PLUGIN_MAJOR, .minor = 7,
                                   .name = "future", .type_count = 1, .type = type}, "any"};

const syrinx_entry *syrinx_plugin(uint32_t major, uint32_t minor) { return (void)major, (void)minor, &entry.first; }
