// The memory that the command shares with the helper process of an isolated plugin, and both ends' work on it.
//
// Streams of audio, all at one rate. The host writes what came in and rings; the helper renders it and writes what comes out.
// What the host gives out at frame t is what the plugin made of frame t − `delay`, and no slice is longer than `delay`:
// so a slice never needs the answer to itself, however time is cut.
#ifndef SYRINX_LANE_H
#define SYRINX_LANE_H

#include <stddef.h>
#include <stdint.h>

typedef struct syrinx_shared syrinx_shared;

// An event as it crosses: `frame` of the plugin's time.
typedef struct {
  int64_t frame;
  uint32_t kind;
  double values[4];
} syrinx_lane_event;

// The host's end. Owned by the render thread, but for what its functions say.
typedef struct {
  syrinx_shared *shared;
  uint32_t inputs, outputs;  // channels of all ports together
  uint32_t delay, fade;      // frames
  uint32_t capacity;         // of each channel's ring, in frames; the shared copy may be written over
  int64_t position;          // frames taken in since the run began
  int64_t valid;             // answers before this frame are of another life
  int64_t quiet;             // before this frame silence is the plugin's own
  float level;               // of the fade: 1 all is heard, 0 silence
  float *held;               // each output channel's last sample
} syrinx_lane;

// The most parameters whose last values are kept.
enum { SYRINX_LANE_PARAMETERS = 256 };

// How a helper failed; see syrinx_lane_failure.
enum { SYRINX_LANE_ERROR = 1, SYRINX_LANE_NOT_FINITE = 2, SYRINX_LANE_LATE = 3 };

// Bytes that the shared memory takes.
size_t syrinx_lane_size(uint32_t inputs, uint32_t outputs, uint32_t delay);

// Anonymous shared memory of that size: a descriptor, or −1 with errno. `syrinx_lane_map` maps it, or gives NULL.
int syrinx_lane_memory(size_t size);
syrinx_shared *syrinx_lane_map(int file, size_t size);
void syrinx_lane_unmap(syrinx_shared *shared, size_t size);

// Lays the memory out. `delay`: as above. Control, before any helper sees it.
void syrinx_lane_prepare(syrinx_shared *shared, uint32_t inputs, uint32_t outputs, uint32_t delay);

// Frames that each channel's ring holds.
uint32_t syrinx_lane_capacity(uint32_t delay);

// Host, render: moves a parameter from the next slice on.
void syrinx_lane_set(syrinx_lane *lane, uint32_t parameter, double value);

// Host, render: back to the state after activate; what is under way is not heard.
void syrinx_lane_reset(syrinx_lane *lane);

// The last value of a parameter: 1 if it was moved. Any thread.
int syrinx_lane_last(const syrinx_shared *shared, uint32_t parameter, double *value);

// Host, render: takes `frames` frames in and gives as many out. At most one system call, which wakes the helper.
// Returns how many frames had no answer.
uint32_t syrinx_lane_exchange(syrinx_lane *lane, const float *const *in, float *const *out, uint32_t frames);

// Host, render: the next event whose frame lies before what the last exchange gave out; 0: none.
int syrinx_lane_take(syrinx_lane *lane, syrinx_lane_event *event);

// What the supervisor does with a helper's life. Any thread.
enum { SYRINX_LANE_DOWN = 0, SYRINX_LANE_READY = 1, SYRINX_LANE_UP = 2, SYRINX_LANE_GONE = 3 };
void syrinx_lane_set_phase(syrinx_shared *shared, uint32_t phase);
uint32_t syrinx_lane_phase(const syrinx_shared *shared);

// How many frames were submitted and answered; how it failed: 0 it has not, 1 with an error `code`,
// 2 with NaN, 3 so late that its rings are full.
int64_t syrinx_lane_submitted(const syrinx_shared *shared);
int64_t syrinx_lane_answered(const syrinx_shared *shared);
uint32_t syrinx_lane_failure(const syrinx_shared *shared, int32_t *code);
void syrinx_lane_clear_failure(syrinx_shared *shared);
// How many frames have been answered in this life.
int64_t syrinx_lane_progress(const syrinx_shared *shared);

// Waits, at most so long, until `frame` is answered for or the helper is up no more. Returns 1 if it needs no more waiting. A
// driver that may wait.
int syrinx_lane_wait(syrinx_shared *shared, int64_t frame, int64_t nanoseconds);

// Helper: renders what comes, until the socket `channel` closes. `widths`: channels of each input, then of each output.
// Returns 0, or 1 after a failure that it has noted.
int syrinx_lane_serve(syrinx_shared *shared, const void *type, void *node, int channel, uint32_t input_ports,
                      uint32_t output_ports, const uint32_t *widths);

#endif
