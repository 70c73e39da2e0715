#include "CSampleKernels.h"

#include <string.h>

// Bytes of files lie at any place.
typedef int16_t any_shorts __attribute__((aligned(1), may_alias));
typedef uint16_t any_words __attribute__((aligned(1), may_alias));
typedef uint32_t any_longs __attribute__((aligned(1), may_alias));

typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef uint32_t longs4 __attribute__((vector_size(16)));
typedef int32_t signed4 __attribute__((vector_size(16)));
typedef float floats4 __attribute__((vector_size(16)));

#define INFINITY_BITS 0x7F800000
// Samples that are worked on at a time: both buffers of a tile lie in the nearest cache. At least as many as channels.
#define TILE 1024

#pragma clang fp contract(off)

#define NAME(name) plain_##name
#include "Kernels.inc"
#undef NAME

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#define NAME(name) wide_##name
#include "Kernels.inc"
#undef NAME
#pragma clang attribute pop

bool syrinx_samples_have_wide_vectors(void) { return __builtin_cpu_supports("avx2"); }
#else
bool syrinx_samples_have_wide_vectors(void) { return false; }
#define wide_encode plain_encode
#define wide_decode plain_decode
#define wide_scale plain_scale
#define wide_scale_gliding plain_scale_gliding
#define wide_add plain_add
#define wide_add_scaled plain_add_scaled
#define wide_mix plain_mix
#endif

void syrinx_encode(const float *const *planes, ptrdiff_t channels, ptrdiff_t frames, const struct syrinx_layout *layout,
                   const struct syrinx_dither *dither, void *bytes, struct syrinx_tally *tally, bool wide) {
  (wide ? wide_encode : plain_encode)(planes, channels, frames, layout, dither, bytes, tally);
}

void syrinx_decode(const void *bytes, const struct syrinx_layout *layout, ptrdiff_t channels, ptrdiff_t frames,
                   float *const *planes, bool wide) {
  (wide ? wide_decode : plain_decode)(bytes, layout, channels, frames, planes);
}

// The kind that this machine has.
#define CHOSEN(name) (syrinx_samples_have_wide_vectors() ? wide_##name : plain_##name)

void syrinx_scale(const float *from, float gain, float *to, ptrdiff_t count) { CHOSEN(scale)(from, gain, to, count); }

void syrinx_scale_gliding(const float *from, float start, float step, int32_t index, float *to, ptrdiff_t count) {
  CHOSEN(scale_gliding)(from, start, step, (uint32_t)index, to, count);
}

void syrinx_add(const float *from, float *to, ptrdiff_t count) { CHOSEN(add)(from, to, count); }

void syrinx_add_scaled(const float *from, float gain, float *to, ptrdiff_t count) {
  CHOSEN(add_scaled)(from, gain, to, count);
}

void syrinx_mix(const float *one, float a, const float *two, float b, float *to, ptrdiff_t count) {
  CHOSEN(mix)(one, a, two, b, to, count);
}
