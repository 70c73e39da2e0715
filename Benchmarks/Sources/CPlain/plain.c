#include "CPlain.h"

#include <math.h>
#include <string.h>

void plain_copy(const float *from, float *to, long count) { memcpy(to, from, (size_t)count * sizeof(float)); }

void plain_gain(float *samples, float gain, long count) {
  for (long k = 0; k < count; k++) samples[k] *= gain;
}

void plain_mix(const float *a, float x, const float *b, float y, float *restrict to, long count) {
  for (long k = 0; k < count; k++) to[k] = a[k] * x + b[k] * y;
}

void plain_read_s16(const int16_t *restrict from, float *restrict left, float *restrict right, long frames) {
  for (long k = 0; k < frames; k++) {
    left[k] = from[2 * k] * (1.0f / 32768);
    right[k] = from[2 * k + 1] * (1.0f / 32768);
  }
}

static inline float three(const uint8_t *at) {
  return (float)((int32_t)((uint32_t)at[0] << 8 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 24) >> 8) * (1.0f / 8388608);
}

void plain_read_s24(const uint8_t *restrict from, float *restrict left, float *restrict right, long frames) {
  for (long k = 0; k < frames; k++) {
    left[k] = three(from + 6 * k);
    right[k] = three(from + 6 * k + 3);
  }
}

void plain_read_f32(const float *restrict from, float *restrict left, float *restrict right, long frames) {
  for (long k = 0; k < frames; k++) {
    left[k] = from[2 * k];
    right[k] = from[2 * k + 1];
  }
}

static inline int32_t whole(float sample, float scale) {
  const float value = sample * scale;
  return (int32_t)lrintf(value < -scale ? -scale : value > scale - 1 ? scale - 1 : value);
}

void plain_write_s16(const float *restrict left, const float *restrict right, int16_t *restrict to, long frames) {
  for (long k = 0; k < frames; k++) {
    to[2 * k] = (int16_t)whole(left[k], 32768);
    to[2 * k + 1] = (int16_t)whole(right[k], 32768);
  }
}

static inline float noise(uint32_t *seed) {
  const uint32_t one = *seed = *seed * 1664525u + 1013904223u;
  const uint32_t other = *seed = *seed * 1664525u + 1013904223u;
  return (float)((int32_t)(one >> 16) - (int32_t)(other >> 16)) * (1.0f / 65536);
}

void plain_write_s16_dithered(const float *restrict left, const float *restrict right, int16_t *restrict to, long frames,
                              uint32_t *seed) {
  for (long k = 0; k < frames; k++) {
    to[2 * k] = (int16_t)whole(left[k] + noise(seed) * (1.0f / 32768), 32768);
    to[2 * k + 1] = (int16_t)whole(right[k] + noise(seed) * (1.0f / 32768), 32768);
  }
}

static inline void put_three(int32_t number, uint8_t *at) {
  at[0] = (uint8_t)number;
  at[1] = (uint8_t)(number >> 8);
  at[2] = (uint8_t)(number >> 16);
}

void plain_write_s24(const float *restrict left, const float *restrict right, uint8_t *restrict to, long frames) {
  for (long k = 0; k < frames; k++) {
    put_three(whole(left[k], 8388608), to + 6 * k);
    put_three(whole(right[k], 8388608), to + 6 * k + 3);
  }
}

void plain_write_f32(const float *restrict left, const float *restrict right, float *restrict to, long frames) {
  for (long k = 0; k < frames; k++) {
    to[2 * k] = left[k];
    to[2 * k + 1] = right[k];
  }
}

void plain_biquads(float *left, float *right, const double *c, double *state, long sections, long frames) {
  for (long section = 0; section < sections; section++, c += 5, state += 4) {
    double l1 = state[0], l2 = state[1], r1 = state[2], r2 = state[3];
    for (long k = 0; k < frames; k++) {
      const double x = left[k], y = right[k];
      const double p = c[0] * x + l1, q = c[0] * y + r1;
      l1 = c[1] * x - c[3] * p + l2;
      l2 = c[2] * x - c[4] * p;
      r1 = c[1] * y - c[3] * q + r2;
      r2 = c[2] * y - c[4] * q;
      left[k] = (float)p;
      right[k] = (float)q;
    }
    state[0] = l1, state[1] = l2, state[2] = r1, state[3] = r2;
  }
}
