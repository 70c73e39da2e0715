// What happens to every sample between a plan and a file: put side by side, rounded, packed; and back; and gains and sums. For vectors
// that Swift's build target does not have.
//
// Planes: one for each channel, anywhere. Interleaved samples: frame by frame, of any alignment. The two never overlap.
// `wide`: with the vectors that syrinx_samples_have_wide_vectors told of; the results are the same bit for bit.
// Plain arithmetic that calls nothing, but for memcpy.
#ifndef CSAMPLEKERNELS_H
#define CSAMPLEKERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Whether this processor has vectors of 256 bits (AVX2). False on others than x86.
bool syrinx_samples_have_wide_vectors(void);

// How interleaved samples lie in memory.
struct syrinx_layout {
  int32_t width;     // bytes of a sample: 1, 2, 3, 4; 8 for floating point
  int32_t bits;      // of a whole number, 2 … 32; 0: floating point
  int32_t shift;     // bits below it that are not its own
  bool is_unsigned;  // of one byte: 128 is zero
  bool is_swapped;   // in the other byte order than little-endian
};

// Noise to be added before rounding; a function of the sample's index alone, see TriangularDither.
struct syrinx_dither {
  uint32_t key;
  uint32_t base;
};

// What was seen among samples on their way out; counted up.
struct syrinx_tally {
  int32_t peak;  // bits of the largest magnitude, NaN left out
  ptrdiff_t clipped;
  ptrdiff_t not_numbers;
};

// Writes frames: whole numbers are the nearest of x · 2^(bits − 1), even on a tie, kept within their range, NaN as 0.
//
// dither: for whole numbers, or null.
void syrinx_encode(const float *const *planes, ptrdiff_t channels, ptrdiff_t frames, const struct syrinx_layout *layout,
                   const struct syrinx_dither *dither, void *bytes, struct syrinx_tally *tally, bool wide);

// Reads frames: x / 2^(bits − 1) of whole numbers, exact up to 24 bits, else to the nearest.
void syrinx_decode(const void *bytes, const struct syrinx_layout *layout, ptrdiff_t channels, ptrdiff_t frames,
                   float *const *planes, bool wide);

// What follows chooses its vectors by itself. One product and one sum a sample, rounded each: as Swift would, bit for bit.

// Writes each sample times gain. from and to are one memory, or do not overlap.
void syrinx_scale(const float *from, float gain, float *to, ptrdiff_t count);

// Writes sample k times start + step · (index + k). from and to are one memory, or do not overlap.
void syrinx_scale_gliding(const float *from, float start, float step, int32_t index, float *to, ptrdiff_t count);

// Adds from, or from times gain, to `to`, which does not overlap.
void syrinx_add(const float *from, float *to, ptrdiff_t count);
void syrinx_add_scaled(const float *from, float gain, float *to, ptrdiff_t count);

// Writes one · a + two · b to `to`, which overlaps neither.
void syrinx_mix(const float *one, float a, const float *two, float b, float *to, ptrdiff_t count);

#endif
