#include "CVoiceKernels.h"

// Eight floats; the compiler makes two vectors of four of it where there are none of eight.
typedef float floats __attribute__((vector_size(32), may_alias));

#define ROWS 32

// Two sums an output, of every other input: one would have each addition wait for the one before.
#define PRODUCT                                                                                 \
  const floats *begin = (const floats *)from;                                                   \
  floats a = begin[0], b = begin[1], c = begin[2], d = begin[3];                                \
  floats e = {0}, f = {0}, g = {0}, h = {0};                                                    \
  const floats *row = (const floats *)weights;                                                  \
  size_t k = 0;                                                                                 \
  for (; k + 1 < count; k += 2, row += 2 * ROWS / 8) {                                          \
    const float even = input[k], odd = input[k + 1];                                            \
    a += row[0] * even;                                                                         \
    b += row[1] * even;                                                                         \
    c += row[2] * even;                                                                         \
    d += row[3] * even;                                                                         \
    e += row[4] * odd;                                                                          \
    f += row[5] * odd;                                                                          \
    g += row[6] * odd;                                                                          \
    h += row[7] * odd;                                                                          \
  }                                                                                             \
  if (k < count) {                                                                              \
    const float last = input[k];                                                                \
    a += row[0] * last;                                                                         \
    b += row[1] * last;                                                                         \
    c += row[2] * last;                                                                         \
    d += row[3] * last;                                                                         \
  }                                                                                             \
  a += e;                                                                                       \
  b += f;                                                                                       \
  c += g;                                                                                       \
  d += h;                                                                                       \
  floats *end = (floats *)to;                                                                   \
  end[0] = a;                                                                                   \
  end[1] = b;                                                                                   \
  end[2] = c;                                                                                   \
  end[3] = d;                                                                                   \
  if (rectifies) {                                                                              \
    for (size_t j = 0; j < ROWS; j++) to[j] = to[j] > 0 ? to[j] : 0;                            \
  }

static void product(const float *weights, const float *input, size_t count, const float *from, float *to,
                    bool rectifies) {
  PRODUCT
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void wide_product(const float *weights, const float *input, size_t count,
                                                             const float *from, float *to, bool rectifies) {
  PRODUCT
}

bool syrinx_voice_has_wide_vectors(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
#else
#define wide_product product

bool syrinx_voice_has_wide_vectors(void) { return false; }
#endif

void syrinx_voice_product(const float *weights, const float *input, size_t count, const float *from, float *to,
                          bool rectifies, bool wide) {
  if (wide) {
    wide_product(weights, input, count, from, to, rectifies);
  } else {
    product(weights, input, count, from, to, rectifies);
  }
}
