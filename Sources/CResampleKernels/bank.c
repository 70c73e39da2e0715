#include "CResampleKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Vectors in memory at any place; the compiler makes several registers of one where the machine's are narrower.
typedef float floats16 __attribute__((vector_size(64), aligned(4), may_alias));
typedef float floats8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef float floats4 __attribute__((vector_size(16), aligned(4), may_alias));
typedef int ints16 __attribute__((vector_size(64), aligned(4), may_alias));
typedef long long longs8 __attribute__((vector_size(64), aligned(8), may_alias));
typedef int ints8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef double doubles16 __attribute__((vector_size(128), aligned(8), may_alias));
typedef double doubles8 __attribute__((vector_size(64), aligned(8), may_alias));
typedef double doubles2 __attribute__((vector_size(16), aligned(8), may_alias));
typedef double doubles4 __attribute__((vector_size(32), aligned(8), may_alias));

// Inlined, so that what is constant where it is called is constant within.
#define ALWAYS static inline __attribute__((always_inline))

#define LOW8(v) __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7)
#define HIGH8(v) __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15)
#define LOW4(v) __builtin_shufflevector(v, v, 0, 1, 2, 3)
#define HIGH4(v) __builtin_shufflevector(v, v, 4, 5, 6, 7)
#define FOUR_OF_8(v) (LOW4(v) + HIGH4(v))
#define FOUR_OF_16(v) FOUR_OF_8((LOW8(v) + HIGH8(v)))

// What makes some vectors of pairs of outputs, by their number; how many come next of so many that are left, below 24, or twelve
// and what is left of twelves. And, where there is such a thing, what makes one for one channel or two, by how many steps are in
// all runs.
struct tiles {
  ptrdiff_t lanes;
  void (*run[13])(const struct syrinx_bank *, ptrdiff_t phase, const float *from, ptrdiff_t stream, ptrdiff_t q, float *to);
  void (*picks[6][2])(const struct syrinx_bank *, ptrdiff_t phase, const float *const *from, ptrdiff_t stream, ptrdiff_t q,
                      float *const *to);
  unsigned char size[24];
};

// Outside lie samples that no sum may meet: they would be what it is, whatever else is in it.
static inline float finite(float x) { return __builtin_fabsf(x) <= 0x1p124f ? x : 0; }

// One sample to where it belongs, and what is known with it.
static inline void deal_one(float sample, float *to, ptrdiff_t frame, ptrdiff_t streams, ptrdiff_t stream) {
  const ptrdiff_t place = frame / streams, q = place / 2;
  float *odd = to + frame % streams * 4 * stream + q, *even = odd + 3 * stream;
  const float x = finite(sample);
  if (place % 2 == 1) {
    *odd = x;
    odd[stream] = *even - x;
  } else {
    *even = x;
    odd[2 * stream - 1] = x - odd[-1];
  }
}

#define LANES 8
#define ints ints8
#define floats floats8
#define doubles doubles8
#define FOUR FOUR_OF_8
#define EVENS(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14)
#define ODDS(a, b) __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15)
#define ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#define BEHIND(a, b) __builtin_shufflevector(a, b, 7, 8, 9, 10, 11, 12, 13, 14)
// Every third of three vectors, from the first, the second, the third on.
#define THIRDS(a, b, c, ab, ...) __builtin_shufflevector(__builtin_shufflevector(a, b, ab), c, __VA_ARGS__)
#define LIST(...) __VA_ARGS__
#define THIRDS_0(a, b, c) THIRDS(a, b, c, LIST(0, 3, 6, 9, 12, 15, 0, 0), 0, 1, 2, 3, 4, 5, 10, 13)
#define THIRDS_1(a, b, c) THIRDS(a, b, c, LIST(1, 4, 7, 10, 13, 0, 0, 0), 0, 1, 2, 3, 4, 8, 11, 14)
#define THIRDS_2(a, b, c) THIRDS(a, b, c, LIST(2, 5, 8, 11, 14, 0, 0, 0), 0, 1, 2, 3, 4, 9, 12, 15)
// Vectors that registers hold.
#define REGISTERS 8
#define VECTORS(name) portable_##name
#include "deal.h"
#include "rows.h"
#include "streams.h"
#undef VECTORS

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#undef REGISTERS
#define REGISTERS 16
#define VECTORS(name) avx2_##name
#include "deal.h"
#include "rows.h"
#include "streams.h"
#undef VECTORS
#pragma clang attribute pop

#undef LANES
#undef ints
#undef floats
#undef doubles
#undef FOUR
#undef EVENS
#undef ODDS
#undef ZIP_LOW
#undef ZIP_HIGH
#undef BEHIND
#undef THIRDS_0
#undef THIRDS_1
#undef THIRDS_2
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512dq,avx2,fma"))), apply_to = function)
#define LANES 16
#define ints ints16
#define floats floats16
#define doubles doubles16
#define FOUR FOUR_OF_16
#define EVENS(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
#define ODDS(a, b) __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)
#define ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#define BEHIND(a, b) __builtin_shufflevector(a, b, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30)
#define THIRDS_0(a, b, c)                                                             \
  THIRDS(a, b, c, LIST(0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 0, 0, 0, 0, 0),        \
         0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 17, 20, 23, 26, 29)
#define THIRDS_1(a, b, c)                                                             \
  THIRDS(a, b, c, LIST(1, 4, 7, 10, 13, 16, 19, 22, 25, 28, 31, 0, 0, 0, 0, 0),       \
         0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 18, 21, 24, 27, 30)
#define THIRDS_2(a, b, c)                                                             \
  THIRDS(a, b, c, LIST(2, 5, 8, 11, 14, 17, 20, 23, 26, 29, 0, 0, 0, 0, 0, 0),        \
         0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 19, 22, 25, 28, 31)
#define VECTORS(name) avx512_##name
#include "deal.h"
#include "rows.h"
#include "streams.h"
#include "columns.h"
#pragma clang attribute pop

int syrinx_widest_vectors(void) {
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
    return SYRINX_VECTORS_AVX512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return SYRINX_VECTORS_AVX2;
  return SYRINX_VECTORS_PORTABLE;
}
#else
int syrinx_widest_vectors(void) { return SYRINX_VECTORS_PORTABLE; }
#endif

int syrinx_vector_lanes(int vectors) { return vectors == SYRINX_VECTORS_AVX512 ? 16 : 8; }

// What was made of each phase, one by one in turn: `count` outputs.
static void join(const float *const *made, float *to, ptrdiff_t phases, ptrdiff_t count) {
  if (phases == 1) {
    for (ptrdiff_t i = 0; i < count; i++) to[i] = made[0][i];
    return;
  }
  ptrdiff_t n = 0;
  if (phases == 2) {
    for (; 2 * n + 8 <= count; n += 4) {
      const floats4 a = *(const floats4 *)(made[0] + n), b = *(const floats4 *)(made[1] + n);
      *(floats4 *)(to + 2 * n) = __builtin_shufflevector(a, b, 0, 4, 1, 5);
      *(floats4 *)(to + 2 * n + 4) = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    }
  }
  for (; n * phases < count; n++)
    for (ptrdiff_t r = 0; r < phases && n * phases + r < count; r++) to[n * phases + r] = made[r][n];
}

static void run_streams(const struct syrinx_bank *bank, struct syrinx_bank_place *place, const float *const *from,
                        ptrdiff_t stream, float *const *to, ptrdiff_t channels, ptrdiff_t count,
                        const struct tiles *tiles) {
  const ptrdiff_t phases = bank->phases, advance = bank->advance, lanes = tiles->lanes;
  const ptrdiff_t live = phases < count ? phases : count, most = (count + phases - 1) / phases;
  // For each output of a turn its phase, and which one it is of those of its phase.
  ptrdiff_t phase[SYRINX_STREAMS_PHASES], number[SYRINX_STREAMS_PHASES];
  ptrdiff_t odd = 0;
  for (ptrdiff_t r = 0; r < live; r++) {
    const ptrdiff_t at = place->phase + r * advance;
    phase[r] = at % phases;
    number[r] = (place->frame + at / phases) / advance;
    odd |= number[r] & 1;
  }
  for (ptrdiff_t n = 0, some; n < most; n += some) {
    const ptrdiff_t vectors = (most - n + odd + 2 * lanes - 1) / (2 * lanes);
    const ptrdiff_t size = tiles->size[vectors < 24 ? vectors : 12 + vectors % 12];
    const ptrdiff_t runs = bank->steps / lanes, pick = size == 1 && tiles->picks[0][0] && runs < 6;
    some = 2 * lanes * size - odd;
    const ptrdiff_t left = count - n * phases, all = left < some * phases ? left : some * phases;
    for (ptrdiff_t c = 0, together; c < channels; c += together) {
      float room[SYRINX_STREAMS_PHASES][2 * 16 * 12], other[SYRINX_STREAMS_PHASES][2 * 16];
      const float *made[2][SYRINX_STREAMS_PHASES];
      together = pick && c + 1 < channels ? 2 : 1;
      for (ptrdiff_t r = 0; r < live; r++) {
        const ptrdiff_t first = number[r] + n;
        float *const here[2] = {room[r], other[r]};
        if (pick) tiles->picks[runs][together - 1](bank, phase[r], from + c, stream, first >> 1, here);
        else tiles->run[size](bank, phase[r], from[c], stream, first >> 1, room[r]);
        made[0][r] = room[r] + (first & 1);
        made[1][r] = other[r] + (first & 1);
      }
      for (ptrdiff_t i = 0; i < together; i++) join(made[i], to[c + i] + n * phases, phases, all);
    }
  }
  const ptrdiff_t end = place->phase + count * advance;
  place->frame += end / phases;
  place->phase = end % phases;
}

void syrinx_bank_run(const struct syrinx_bank *bank, struct syrinx_bank_place *place, const float *const *from,
                     ptrdiff_t stream, float *const *to, ptrdiff_t channels, ptrdiff_t count, void *scratch,
                     int vectors) {
#define RUN(kind)                                                                                                  \
  if (bank->streams > 0) run_streams(bank, place, from, stream, to, channels, count, &kind##_tiles);               \
  else kind##_run_rows(bank, place, from, to, channels, count, scratch)
  switch (vectors) {
#if defined(__x86_64__)
    case SYRINX_VECTORS_AVX512:
      if (bank->columns > 0) run_columns(bank, place, from, to, channels, count);
      else RUN(avx512);
      break;
    case SYRINX_VECTORS_AVX2: RUN(avx2); break;
#endif
    default: RUN(portable);
  }
#undef RUN
}

void syrinx_bank_append(const float *from, float *to, ptrdiff_t first, ptrdiff_t count, ptrdiff_t streams,
                        ptrdiff_t stream, int vectors) {
  switch (vectors) {
#if defined(__x86_64__)
    case SYRINX_VECTORS_AVX512: avx512_append(from, to, first, count, streams, stream); break;
    case SYRINX_VECTORS_AVX2: avx2_append(from, to, first, count, streams, stream); break;
#endif
    default: portable_append(from, to, first, count, streams, stream);
  }
}
