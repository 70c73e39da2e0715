// A node type in C: multiplies its input by a gain that glides to each new value.
#include "syrinx_plugin.h"

#include <math.h>
#include <stdlib.h>

// The state of one node.
typedef struct {
  double initial_db;
  float target;    // where it glides to
  float step;      // by how much each frame of the glide is nearer
  uint32_t left;   // frames that are left of the glide
  uint32_t glide;  // frames of a whole glide: 10 ms
} node;

enum { GAIN_DB };  // the parameters, by index

static float linear(double decibels) { return (float)pow(10, decibels / 20); }

static void *create(const syrinx_type *type, const syrinx_host *host, const syrinx_value *values) {
  (void)type, (void)host;
  node *self = calloc(1, sizeof *self);
  if (self) self->initial_db = values[GAIN_DB].number;
  return self;
}

static void reset(void *of) {
  node *self = of;
  self->target = linear(self->initial_db);
  self->step = 0;
  self->left = 0;
}

static int activate(void *of, const syrinx_setup *setup) {
  node *self = of;
  self->glide = setup->inputs[0].rate / 100;
  reset(self);
  return SYRINX_OK;
}

// A loop through one pointer and one through two that cannot meet: both become vectors. A loop through two that may be the
// same memory, as they are in place, does not. Four vectors a turn: a short slice is over in a few turns.
static void multiply(const float *from, float *to, uint32_t count, float factor) {
  if (from == to) {
#pragma GCC unroll 4
    for (uint32_t k = 0; k < count; k++) to[k] *= factor;
  } else {
    const float *restrict source = from;
    float *restrict target = to;
#pragma GCC unroll 4
    for (uint32_t k = 0; k < count; k++) target[k] = source[k] * factor;
  }
}

// Renders frames first ..< last of every channel.
static void render(node *self, const syrinx_block *block, uint32_t first, uint32_t last) {
  const syrinx_buffer *in = &block->inputs[0], *out = &block->outputs[0];
  uint32_t gliding = last - first < self->left ? last - first : self->left;
  float target = self->target, step = self->step;
  for (uint32_t channel = 0; channel < out->channel_count; channel++) {
    const float *from = in->channels[channel];
    float *to = out->channels[channel];
    // Counted from the glide's end, so that the gain of a frame does not depend on where a slice began.
    for (uint32_t k = 0; k < gliding; k++)
      to[first + k] = from[first + k] * (target - step * (float)(self->left - k - 1));
    multiply(from + first + gliding, to + first + gliding, last - first - gliding, target);
  }
  self->left -= gliding;
}

static int process(void *of, const syrinx_block *block) {
  node *self = of;
  const syrinx_buffer *in = &block->inputs[0], *out = &block->outputs[0];
  // Most slices: nothing moves.
  if (block->change_count == 0 && self->left == 0) {
    for (uint32_t channel = 0; channel < out->channel_count; channel++)
      multiply(in->channels[channel], out->channels[channel], out->frames, self->target);
    return SYRINX_OK;
  }
  uint32_t done = 0;
  for (uint32_t k = 0; k < block->change_count; k++) {
    const syrinx_change *change = &block->changes[k];
    render(self, block, done, change->frame);
    done = change->frame;
    // powf neither allocates nor locks; a plugin that wants to be sure brings its own.
    float now = self->target - self->step * (float)self->left;
    self->target = powf(10, (float)change->value / 20);
    self->left = self->glide;
    self->step = (self->target - now) / (float)self->glide;
  }
  render(self, block, done, out->frames);
  return SYRINX_OK;
}

static void deactivate(void *of) { (void)of; }

static void destroy(void *of) { free(of); }

static const syrinx_port inputs[] = {{.size = sizeof(syrinx_port), .kind = SYRINX_AUDIO, .name = "in"}};
static const syrinx_port outputs[] = {{.size = sizeof(syrinx_port), .kind = SYRINX_AUDIO, .name = "out"}};

static const syrinx_parameter parameters[] = {
    [GAIN_DB] = {.size = sizeof(syrinx_parameter), .kind = SYRINX_NUMBER, .name = "gain_db",
                 .summary = "Gain relative to unity.", .unit = "dB", .flags = SYRINX_LIVE,
                 .lowest = -120, .highest = 24, .initial = 0},
};

static const syrinx_type gain = {
    .size = sizeof(syrinx_type),
    .flags = SYRINX_WORKS_IN_PLACE,
    .name = "c_gain",
    .summary = "Multiplies its input by a gain.",
    .input_count = 1,
    .inputs = inputs,
    .output_count = 1,
    .outputs = outputs,
    .parameter_count = 1,
    .parameters = parameters,
    .create = create,
    .activate = activate,
    .process = process,
    .reset = reset,
    .deactivate = deactivate,
    .destroy = destroy,
};

static const syrinx_type *type(uint32_t index) { return index == 0 ? &gain : NULL; }

static const syrinx_entry entry = {
    .size = sizeof(syrinx_entry),
    .major = SYRINX_PLUGIN_MAJOR,
    .minor = SYRINX_PLUGIN_MINOR,
    .name = "c_gain",
    .version = "1.0",
    .type_count = 1,
    .type = type,
};

const syrinx_entry *syrinx_plugin(uint32_t host_major, uint32_t host_minor) {
  (void)host_major, (void)host_minor;
  return &entry;
}
