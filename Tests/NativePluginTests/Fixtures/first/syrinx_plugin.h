/* syrinx_plugin.h: node types for Syrinx from a shared object, in any language that can make a C function.
 *
 * A plugin is one file NAME.so with one exported function, `syrinx_plugin`, which returns a `syrinx_entry`. The entry
 * names node types; a type is data (ports, parameters, events) and a table of functions. This header needs nothing but a
 * C99 or C++11 compiler; copy it into your own source. It may be used without any condition.
 *
 * The life of a node:
 *
 *     create -> resolve ... -> activate -> process ... process -> deactivate -> destroy
 *                                 ^            reset                  |
 *                                 +-----------------------------------+
 *
 * Threads. Every function says on which thread it is called and what it may do there:
 *   [control]  May allocate, lock, wait, read files. Calls for one node never overlap each other.
 *   [render]   The real-time thread: no allocation, no lock, no wait, no system call, no file, no log. While a node is
 *              active, its [render] functions never overlap each other. Denormals are flushed.
 *   [worker]   A thread of the node's own, beside [render], while the node is active. May do what [control] may.
 *
 * Time. A call of `process` is one slice of time. Each port holds exactly the samples of that slice at its own rate,
 * perhaps none, and ports of different rates hold different numbers. What comes out must not depend on how time was cut:
 * slices of 1, 64 or 4096 frames give the same samples, values and events. `syrinx plugin check FILE` tries that.
 *
 * Samples are 32-bit floats, one array for each channel; full scale is -1 ... 1. What a plugin writes must be finite
 * whenever all that it was given in the same call was finite: a node that writes NaN or infinity, or whose `process`
 * returns an error, is muted and named. In the call in which an input is not finite, the output may be so too.
 *
 * Growth. Structures begin with `size`: write sizeof(the structure) there. Arrays of structures are walked by the `size`
 * of their first element. A later minor version adds members at the end of structures, and a reader looks at no member
 * that lies beyond `size`; what is not there counts as 0. What does not fit that goes through `extension`, by name. A
 * plugin of another major version is refused. All members that are not set must be 0. */
#ifndef SYRINX_PLUGIN_H
#define SYRINX_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this header. */
#define SYRINX_PLUGIN_MAJOR 1u
#define SYRINX_PLUGIN_MINOR 0u

#if defined(__GNUC__)
#define SYRINX_EXPORT __attribute__((visibility("default")))
#else
#define SYRINX_EXPORT
#endif

/* What functions return. Any other value than SYRINX_OK is an error. */
enum {
  SYRINX_OK = 0,
  SYRINX_ERROR = -1,       /* It cannot be done. */
  SYRINX_BAD_VALUE = -2,   /* A parameter's value is wrong. */
  SYRINX_BAD_FORMAT = -3   /* These rates or channels cannot be. */
};

/* ---- What a type is: data --------------------------------------------------------------------------------------- */

/* What travels through a port. */
enum {
  SYRINX_AUDIO = 1,   /* N channels of samples at the port's rate. */
  SYRINX_CONTROL = 2  /* One channel of values, 1000 a second. */
};

enum {
  SYRINX_PORT_MIXES_DOWN = 1u /* Several channels are joined to their mean: for an input that takes one channel. */
};

/* One input or output. An audio port called `in` or `out` is the one that a link without a port name means. */
typedef struct syrinx_port {
  uint32_t size;
  uint32_t kind;       /* SYRINX_AUDIO or SYRINX_CONTROL. */
  const char *name;    /* Lower-case letters, digits and '_', beginning with a letter. */
  const char *summary; /* One sentence; may be NULL. */
  const char *unit;    /* Of a control port's values, as in syrinx_parameter; may be NULL. */
  uint32_t flags;      /* SYRINX_PORT_... */
  uint32_t channels;   /* How many an audio input asks for; 0: takes what is linked. */
} syrinx_port;

/* What a parameter holds. */
enum {
  SYRINX_NUMBER = 1,  /* A number between lowest and highest. */
  SYRINX_INTEGER = 2, /* A whole number between lowest and highest. */
  SYRINX_BOOLEAN = 3, /* 0 or 1. */
  SYRINX_CHOICE = 4,  /* One of `choices`; its number is the index. */
  SYRINX_STRING = 5   /* Text. */
};

enum {
  SYRINX_LIVE = 1u,     /* May change while it sounds. Numbers and integers only. */
  SYRINX_REQUIRED = 2u, /* A pipeline file must give it. Without this, it has its default. */
  SYRINX_SECRET = 4u    /* A string that must never be shown. */
};

/* One parameter. Its name ends in its unit: gain_db, cutoff_hz, attack_ms, length_s, level_dbfs, size_frames, mix_ratio,
 * depth_percent, offset_ppm. */
typedef struct syrinx_parameter {
  uint32_t size;
  uint32_t kind;              /* SYRINX_NUMBER ... SYRINX_STRING. */
  const char *name;           /* As a port's. Not `type`, `bypass` or `isolate`, which belong to the pipeline file. */
  const char *summary;        /* One sentence. */
  const char *unit;           /* "dB", "dBFS", "Hz", "ms", "s", "frames", "ratio", "%", "ppm" or NULL. */
  uint32_t flags;             /* SYRINX_LIVE, SYRINX_REQUIRED, SYRINX_SECRET. */
  uint32_t choice_count;
  double lowest, highest;     /* Both are part of the range. */
  double initial;             /* The default; of a choice its index. */
  const char *initial_text;   /* The default of a string; may be NULL: unset. */
  const char *const *choices; /* choice_count words. */
} syrinx_parameter;

/* How many numbers an event can carry. */
#define SYRINX_EVENT_VALUES 4

/* One kind of event that the type tells. A type that has any gets an output `events`. */
typedef struct syrinx_event {
  uint32_t size;
  uint32_t field_count;      /* At most SYRINX_EVENT_VALUES. */
  const char *name;          /* As it stands in a log: clipped. */
  const char *summary;       /* One sentence. */
  const char *const *fields; /* The names of its numbers. */
} syrinx_event;

/* ---- What the host gives ---------------------------------------------------------------------------------------- */

enum { SYRINX_LOG_DEBUG = 0, SYRINX_LOG_INFO = 1, SYRINX_LOG_WARNING = 2, SYRINX_LOG_ERROR = 3 };

/* The host, as one node sees it; lives as long as the node. */
typedef struct syrinx_host {
  uint32_t size;
  uint32_t major, minor; /* The version that the host knows. */
  const char *name;      /* "syrinx" */
  void *context;         /* The host's own. */

  /* Says something to the user: one line of text. [control] [worker] */
  void (*log)(const struct syrinx_host *host, int level, const char *text);

  /* Tells an event that has no sample time of its own. `kind` is an index into the type's events; `values` holds
   * SYRINX_EVENT_VALUES numbers. From `process`, use the block's `emit`. [worker] */
  void (*event)(const struct syrinx_host *host, uint32_t kind, const double *values);

  /* Something beyond this version, by name; NULL where the host does not have it. [control] */
  const void *(*extension)(const struct syrinx_host *host, const char *name);
} syrinx_host;

/* The value of one parameter. */
typedef struct syrinx_value {
  double number;    /* Numbers, integers, 0 or 1, the index of a choice. */
  const char *text; /* Strings, NULL if unset; and a choice's word. Valid during the call only. */
} syrinx_value;

/* ---- Formats ---------------------------------------------------------------------------------------------------- */

/* One port's format. */
typedef struct syrinx_format {
  uint32_t rate;     /* Hz; 0: not known yet. Control ports: 1000. */
  uint32_t channels; /* 0: not known yet. */
} syrinx_format;

/* One output as the node states it. The host fills in: the format of the first input that is linked, else the master
 * rate and one channel; no latency, no tail, needs every input. */
typedef struct syrinx_output {
  uint32_t size;
  syrinx_format format;
  uint32_t latency; /* How much later than its inputs it shows them, in frames of its own rate. */
  uint32_t tail;    /* How much longer than its inputs it sounds, in frames of its own rate. */
  uint32_t delay;   /* The declared delay by which it follows inputs that it does not need in the same slice; then >= 1. */
  uint64_t needs;   /* Bit i: it needs input i within the same slice. */
} syrinx_output;

/* What is known when a node is asked for its formats. */
typedef struct syrinx_request {
  uint32_t size;
  uint32_t input_count, output_count; /* As in the type. */
  uint32_t master_rate;               /* 0: not known yet. */
  const syrinx_format *inputs;        /* Channels 0: not linked. */
  syrinx_output *outputs;             /* To be changed. Walk them by `size` if there are several. */
} syrinx_request;

/* Everything that was agreed on. */
typedef struct syrinx_setup {
  uint32_t size;
  uint32_t input_count, output_count;
  uint32_t master_rate;
  const syrinx_format *inputs, *outputs;
  const uint32_t *input_frames, *output_frames; /* The most frames that one slice can hold, port by port. */
  int is_live;                                  /* 1: a clock drives the run. 0: as fast as it goes. */
} syrinx_setup;

/* ---- One slice of time ------------------------------------------------------------------------------------------ */

enum {
  SYRINX_CONNECTED = 1u /* Something is linked. An input without a link holds silence. */
};

/* One port's samples of the slice. Samples of inputs must not be written to. An output must be written to its last
 * sample; its memory holds anything at first. Several channels of an input may be the same memory. */
typedef struct syrinx_buffer {
  float *const *channels; /* channel_count arrays of `frames` samples. */
  uint32_t channel_count;
  uint32_t frames;   /* May be 0. */
  int64_t position;  /* The index of the first frame since the run began, at this port's rate. */
  uint32_t flags;    /* SYRINX_CONNECTED */
  uint32_t reserved;
} syrinx_buffer;

/* A live parameter's move. */
typedef struct syrinx_change {
  uint32_t parameter; /* Its index. */
  uint32_t frame;     /* From this frame of input 0 (without inputs: of output 0) on; in order. May equal `frames`. */
  double value;       /* Within the range, never NaN. Glide to it, so that it does not click. */
} syrinx_change;

enum {
  SYRINX_DISCONTINUITY = 1u, /* The positions do not go on from the last call; the first call after activate and reset too. */
  SYRINX_IN_PLACE = 2u       /* Output 0 is the memory of input 0. */
};

typedef struct syrinx_block {
  uint32_t size;
  uint32_t flags; /* SYRINX_DISCONTINUITY, SYRINX_IN_PLACE */
  uint32_t input_count, output_count, change_count;
  uint32_t reserved;
  const syrinx_buffer *inputs;
  const syrinx_buffer *outputs;
  const syrinx_change *changes;
  void *context; /* The host's own. */

  /* Tells an event. `kind`: index into the type's events. `frame`: of input 0 (without inputs: of output 0) in this slice.
   * `values`: SYRINX_EVENT_VALUES numbers. [render], during the call only */
  void (*emit)(const struct syrinx_block *block, uint32_t kind, uint32_t frame, const double *values);
} syrinx_block;

/* ---- A node type ------------------------------------------------------------------------------------------------ */

enum {
  SYRINX_WORKS_IN_PLACE = 1u /* Output 0 may be the memory of input 0, if both have one format. */
};

/* A node type. Everything it points to must stay as it is while the file is loaded. */
typedef struct syrinx_type {
  uint32_t size;
  uint32_t flags;      /* SYRINX_WORKS_IN_PLACE */
  const char *name;    /* As a pipeline file names it: lower-case letters, digits, '_', '-' and '.'. */
  const char *summary; /* One line. */
  const char *details; /* Paragraphs for the reference page; may be NULL. */
  uint32_t input_count, output_count, parameter_count, event_count;
  const syrinx_port *inputs, *outputs;
  const syrinx_parameter *parameters;
  const syrinx_event *events;

  /* Makes a node from checked values, one for each parameter, in their order. Returns NULL if it cannot be, after a log
   * line that says why. Opens nothing: a pipeline is checked with it too. [control] */
  void *(*create)(const struct syrinx_type *type, const syrinx_host *host, const syrinx_value *values);

  /* States what comes out for what goes in. May be called several times, with more known each time. NULL: all outputs
   * as the host fills them in. [control] */
  int (*resolve)(void *node, syrinx_request *request);

  /* Makes ready for `process`: everything it will need is allocated here. Parameters are as `create` had them. [control] */
  int (*activate)(void *node, const syrinx_setup *setup);

  /* Renders one slice: reads every input, writes every sample of every output. [render] */
  int (*process)(void *node, const syrinx_block *block);

  /* Takes in the inputs that no output needs within the same slice, after `process` of that slice, when they are there.
   * NULL for types that have none. [render] */
  int (*absorb)(void *node, const syrinx_block *block);

  /* Back to the state after `activate`, parameters included. [render], between slices */
  void (*reset)(void *node);

  /* Undoes `activate`. [control] */
  void (*deactivate)(void *node);

  /* Frees the node. [control] */
  void (*destroy)(void *node);

  /* Work that may block (disk, network), for a node that has such: called again and again while the node is active, at
   * least once between the last slice and `deactivate`. Returns 1 to be called again at once, 0: in 10 ms. NULL: none.
   * What passes between it and `process` is the plugin's affair: atomics, lock-free rings. [worker] */
  int (*work)(void *node);

  /* Something beyond this version, by name; NULL where the type does not have it. May be NULL itself. [control] */
  const void *(*extension)(void *node, const char *name);
} syrinx_type;

/* ---- The file --------------------------------------------------------------------------------------------------- */

typedef struct syrinx_entry {
  uint32_t size;
  uint32_t major, minor; /* SYRINX_PLUGIN_MAJOR and SYRINX_PLUGIN_MINOR, as the plugin was compiled. */
  const char *name;      /* Of the plugin, for lists. */
  const char *vendor;    /* May be NULL. */
  const char *version;   /* Of the plugin; may be NULL. */
  uint32_t type_count;
  const syrinx_type *(*type)(uint32_t index); /* 0 ..< type_count. [control] */
} syrinx_entry;

/* The one function that a plugin exports. `host_major` and `host_minor` are the host's version. The entry lives as long as
 * the file is loaded. Opens nothing: lists of node types are made with it. [control] */
SYRINX_EXPORT const syrinx_entry *syrinx_plugin(uint32_t host_major, uint32_t host_minor);

/* Its name, for dlsym. */
#define SYRINX_PLUGIN_SYMBOL "syrinx_plugin"
typedef const syrinx_entry *(*syrinx_plugin_function)(uint32_t host_major, uint32_t host_minor);

#ifdef __cplusplus
}
#endif

#endif
