#include "CResampleKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Vectors in memory at any place; the compiler makes several registers of one where the machine's are narrower.
typedef float floats16 __attribute__((vector_size(64), aligned(4), may_alias));
typedef float floats8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef float floats4 __attribute__((vector_size(16), aligned(4), may_alias));
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

// How many vectors of outputs a kind of vectors makes at once, and by what: [T - 1][is the filter its own mirror image?].
struct tiles {
  ptrdiff_t lanes, most;
  void (*run[7][2])(const struct syrinx_bank *, ptrdiff_t phase, ptrdiff_t frame, const float *from, ptrdiff_t stream,
                    float *made);
};

#define LANES 8
#define GROUP 8
#define RUNS 1
#define floats floats8
#define doubles doubles8
#define FOUR FOUR_OF_8
#define MOST 3
#define VECTORS(name) portable_##name
#include "rows.h"
#include "streams.h"
#undef VECTORS
#undef MOST

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define MOST 4
#define VECTORS(name) avx2_##name
#include "rows.h"
#include "streams.h"
#undef VECTORS
#undef MOST
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512dq,avx2,fma"))), apply_to = function)
#undef GROUP
#undef RUNS
#define GROUP 16
#define RUNS 2
#define MOST 4
#define VECTORS(name) avx512_narrow_##name
#include "streams.h"
#undef VECTORS
#undef MOST
#undef LANES
#undef RUNS
#undef floats
#undef doubles
#undef FOUR
#define LANES 16
#define RUNS 1
#define floats floats16
#define doubles doubles16
#define FOUR FOUR_OF_16
#define MOST 7
#define VECTORS(name) avx512_##name
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

// narrow: what makes a few outputs at less cost than `tiles`, or null.
static void run_streams(const struct syrinx_bank *bank, struct syrinx_bank_place *place, const float *const *from,
                        ptrdiff_t stream, float *const *to, ptrdiff_t channels, ptrdiff_t count,
                        const struct tiles *wide, const struct tiles *narrow) {
  const ptrdiff_t phases = bank->phases, advance = bank->advance;
  for (ptrdiff_t r = 0; r < phases && r < count; r++) {
    const ptrdiff_t at = place->phase + r * advance, phase = at % phases, frame = place->frame + at / phases;
    const int folded = phase == 0 || 2 * phase == phases;
    const ptrdiff_t all = (count - r + phases - 1) / phases, few = narrow ? (folded ? 4 : 3) * narrow->lanes : 0;
    for (ptrdiff_t c = 0; c < channels; c++) {
      for (ptrdiff_t n = 0, some; n < all; n += some) {
        float made[7 * 16];
        const struct tiles *tiles = all - n <= few ? narrow : wide;
        const ptrdiff_t most = tiles->most * tiles->lanes;
        some = all - n < most ? all - n : most;
        tiles->run[(some + tiles->lanes - 1) / tiles->lanes - 1][folded](bank, phase, frame + n * advance, from[c], stream,
                                                                          made);
        float *out = to[c] + r + n * phases;
        if (phases == 1) for (ptrdiff_t i = 0; i < some; i++) out[i] = made[i];
        else for (ptrdiff_t i = 0; i < some; i++) out[i * phases] = made[i];
      }
    }
  }
  const ptrdiff_t end = place->phase + count * advance;
  place->frame += end / phases;
  place->phase = end % phases;
}

void syrinx_bank_run(const struct syrinx_bank *bank, struct syrinx_bank_place *place, const float *const *from,
                     ptrdiff_t stream, float *const *to, ptrdiff_t channels, ptrdiff_t count, void *scratch,
                     int vectors) {
#define RUN(kind, narrow)                                                                                          \
  if (bank->streams > 0) run_streams(bank, place, from, stream, to, channels, count, &kind##_tiles, narrow);       \
  else kind##_run_rows(bank, place, from, to, channels, count, scratch)
  switch (vectors) {
#if defined(__x86_64__)
    case SYRINX_VECTORS_AVX512:
      if (bank->columns > 0) run_columns(bank, place, from, to, channels, count);
      else RUN(avx512, &avx512_narrow_tiles);
      break;
    case SYRINX_VECTORS_AVX2: RUN(avx2, 0); break;
#endif
    default: RUN(portable, 0);
  }
#undef RUN
}

// A filter adds two samples before a coefficient, perhaps 0, meets them: their sum is finite too.
static inline float finite(float x) { return __builtin_fabsf(x) <= 0x1p126f ? x : 0; }

typedef int ints4 __attribute__((vector_size(16), aligned(4), may_alias));

static inline floats4 finite4(const float *from) {
  const ints4 x = *(const ints4 *)from;
  const floats4 size = (floats4)(x & 0x7fffffff), most = {0x1p126f, 0x1p126f, 0x1p126f, 0x1p126f};
  return (floats4)(x & (size <= most));
}

void syrinx_bank_append(const float *from, float *to, ptrdiff_t first, ptrdiff_t count, ptrdiff_t streams,
                        ptrdiff_t stream) {
  ptrdiff_t i = 0;
  if (streams <= 1) {
    for (; i + 4 <= count; i += 4) *(floats4 *)(to + first + i) = finite4(from + i);
    for (; i < count; i++) to[first + i] = finite(from[i]);
    return;
  }
  for (; i < count && (first + i) % streams != 0; i++)
    to[(first + i) % streams * stream + (first + i) / streams] = finite(from[i]);
  float *place = to + (first + i) / streams;
  if (streams == 2) {
    for (; i + 8 <= count; i += 8, place += 4) {
      const floats4 a = finite4(from + i), b = finite4(from + i + 4);
      *(floats4 *)place = __builtin_shufflevector(a, b, 0, 2, 4, 6);
      *(floats4 *)(place + stream) = __builtin_shufflevector(a, b, 1, 3, 5, 7);
    }
  } else if (streams == 3) {
    for (; i + 12 <= count; i += 12, place += 4) {
      const floats4 a = finite4(from + i), b = finite4(from + i + 4), c = finite4(from + i + 8);
      const floats4 ab = __builtin_shufflevector(a, b, 1, 2, 4, 5), bc = __builtin_shufflevector(b, c, 2, 3, 5, 6);
      *(floats4 *)place = __builtin_shufflevector(a, bc, 0, 3, 4, 6);
      *(floats4 *)(place + stream) = __builtin_shufflevector(ab, bc, 0, 2, 5, 7);
      *(floats4 *)(place + 2 * stream) = __builtin_shufflevector(ab, c, 1, 3, 4, 7);
    }
  }
  for (; i + streams <= count; i += streams, place++)
    for (ptrdiff_t m = 0; m < streams; m++) place[m * stream] = finite(from[i + m]);
  for (; i < count; i++) to[(first + i) % streams * stream + (first + i) / streams] = finite(from[i]);
}
