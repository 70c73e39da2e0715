// A small C face on WebRTC's audio processing module (0.3), which is C++: one near end, one far end, 10 ms at a time.
#ifndef CWEBRTC_AUDIO_H
#define CWEBRTC_AUDIO_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// What is fixed when a module is made.
typedef struct {
  // 8000, 16000, 32000 or 48000.
  int32_t rate_hz;
  // How hard what the filter leaves of the echo is pressed down: 0 low, 1 moderate, 2 high.
  int32_t echo_level;
  // Noise suppression: -1 off, 0 low, 1 moderate, 2 high, 3 very high.
  int32_t noise_level;
  // Gain control: 0 off, 1 adaptive, 2 fixed.
  int32_t gain_mode;
  // Where gain control aims at, in dB below full scale: 0...31.
  int32_t gain_target_db;
  // The most that gain control amplifies: 0...90 dB.
  int32_t gain_most_db;
  bool high_pass;
  // The module finds the echo's delay by itself.
  bool delay_agnostic;
  // 128 ms of filter instead of 48.
  bool extended_filter;
} syrinx_apm_settings;

typedef struct syrinx_apm syrinx_apm;

// Makes a module; NULL if it refuses the settings. Allocates, and waits for other modules' calls to end.
syrinx_apm *syrinx_apm_create(const syrinx_apm_settings *settings);

void syrinx_apm_destroy(syrinx_apm *module);

// Takes 10 ms of what the loudspeaker plays and 10 ms of what the microphone hears, and writes 10 ms without echo.
// Each holds rate_hz / 100 samples, full scale is 1. `delay_ms` is how much later than `far` its echo is expected.
// Takes the module's lock three times, which nobody else ever takes; allocates nothing. Returns 0, or the
// module's code, or SYRINX_APM_BUSY, with nothing done: a module is being made.
#define SYRINX_APM_BUSY 1
int32_t syrinx_apm_process(syrinx_apm *module, const float *near, const float *far, float *clean, int32_t delay_ms);

#ifdef __cplusplus
}
#endif
#endif
