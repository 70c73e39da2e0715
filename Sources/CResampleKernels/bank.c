#include "CResampleKernels.h"

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

#define LANES 8
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
#undef LANES
#undef floats
#undef doubles
#undef FOUR
#define LANES 16
#define floats floats16
#define doubles doubles16
#define FOUR FOUR_OF_16
#define MOST 7
#define VECTORS(name) avx512_##name
#include "rows.h"
#include "streams.h"
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

void syrinx_bank_run(const struct syrinx_bank *bank, struct syrinx_bank_place *place, const float *const *from,
                     ptrdiff_t stream, float *const *to, ptrdiff_t channels, ptrdiff_t count, void *scratch,
                     int vectors) {
#define RUN(kind)                                                                         \
  if (bank->streams > 0) kind##_run_streams(bank, place, from, stream, to, channels, count); \
  else kind##_run_rows(bank, place, from, to, channels, count, scratch)
  switch (vectors) {
#if defined(__x86_64__)
    case SYRINX_VECTORS_AVX512: RUN(avx512); break;
    case SYRINX_VECTORS_AVX2: RUN(avx2); break;
#endif
    default: RUN(portable);
  }
}

// A filter adds two samples before a coefficient, perhaps 0, meets them: their sum is finite too.
static inline float finite(float x) { return __builtin_fabsf(x) <= 0x1p126f ? x : 0; }

void syrinx_bank_append(const float *from, float *to, ptrdiff_t first, ptrdiff_t count, ptrdiff_t streams,
                        ptrdiff_t stream) {
  ptrdiff_t i = 0;
  if (streams <= 1) {
    for (; i < count; i++) to[first + i] = finite(from[i]);
    return;
  }
  for (; i < count && (first + i) % streams != 0; i++) to[(first + i) % streams * stream + (first + i) / streams] = finite(from[i]);
  float *place = to + (first + i) / streams;
  if (streams == 2) {
    for (; i + 2 <= count; i += 2, place++) {
      place[0] = finite(from[i]);
      place[stream] = finite(from[i + 1]);
    }
  } else if (streams == 3) {
    for (; i + 3 <= count; i += 3, place++) {
      place[0] = finite(from[i]);
      place[stream] = finite(from[i + 1]);
      place[2 * stream] = finite(from[i + 2]);
    }
  } else {
    for (; i + streams <= count; i += streams, place++)
      for (ptrdiff_t m = 0; m < streams; m++) place[m * stream] = finite(from[i + m]);
  }
  for (; i < count; i++) to[(first + i) % streams * stream + (first + i) / streams] = finite(from[i]);
}
