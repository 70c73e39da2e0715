#include "CConvolutionKernels.h"

// Eight floats; the compiler makes two vectors of four of it where there are none of eight.
typedef float floats __attribute__((vector_size(32), may_alias));
typedef float any_floats __attribute__((vector_size(32), may_alias, aligned(4)));

#define AT(pointer, index) (*(const floats *)((pointer) + (index)))
#define TO(pointer, index) (*(floats *)((pointer) + (index)))
#define ANY(pointer, index) (*(const any_floats *)((pointer) + (index)))

#define NAME(name) plain_##name
#include "Kernels.inc"
#undef NAME

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define NAME(name) wide_##name
#include "Kernels.inc"
#undef NAME
#pragma clang attribute pop

bool syrinx_convolution_has_wide_vectors(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#define CHOOSE(name, ...) \
  if (wide) {             \
    wide_##name(__VA_ARGS__); \
  } else {                \
    plain_##name(__VA_ARGS__); \
  }
#else
bool syrinx_convolution_has_wide_vectors(void) { return false; }
#define CHOOSE(name, ...) \
  (void)wide;             \
  plain_##name(__VA_ARGS__);
#endif

void syrinx_convolution_load(const float *first, const float *second, const float *twist, float *z, size_t n, size_t begin,
                             size_t end, bool wide) {
  CHOOSE(load, first, second, twist, z, n, begin, end)
}

void syrinx_convolution_forward(float *z, size_t n, size_t block, size_t radix, const float *turns, size_t begin,
                                size_t end, bool wide) {
  if (radix == 4) {
    CHOOSE(forward4, z, n, block, turns, begin, end)
  } else {
    CHOOSE(forward2, z, n, block, turns, begin, end)
  }
}

void syrinx_convolution_backward(float *z, size_t n, size_t block, size_t radix, const float *turns, size_t begin,
                                 size_t end, bool wide) {
  if (radix == 4) {
    CHOOSE(backward4, z, n, block, turns, begin, end)
  } else {
    CHOOSE(backward2, z, n, block, turns, begin, end)
  }
}

void syrinx_convolution_finish(const float *z, size_t n, size_t tile, float *bins, bool wide) {
  CHOOSE(finish, z, n, tile, bins)
}

void syrinx_convolution_begin(const float *bins, float *z, size_t n, size_t tile, bool wide) {
  CHOOSE(begin, bins, z, n, tile)
}

void syrinx_convolution_product(const float *signal, const float *response, size_t count, float *bins, bool wide) {
  CHOOSE(product, signal, response, count, bins)
}

void syrinx_convolution_unload(const float *z, const float *twist, float *to, size_t n, size_t begin, size_t end,
                               bool wide) {
  CHOOSE(unload, z, twist, to, n, begin, end)
}

void syrinx_convolution_direct(const float *signal, const float *taps, size_t count, float *to, size_t frames, bool adds,
                               bool wide) {
  CHOOSE(direct, signal, taps, count, to, frames, adds)
}
