// What this processor can do, for the table of limits in README.md: fused products, alone, with an addition each as folded filters
// have them, and with 16 samples picked out of 32 each as columns have them; and loads, at places of their own size and across
// lines of the cache; vectors a ns, the most of some rounds.
//
//   cc -O2 limits.c -o limits && ./limits
#define _GNU_SOURCE
#include <immintrin.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { turns = 20000, chains = 12 };

static float memory[4096 + 64] __attribute__((aligned(64)));
static volatile float sink;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

// Twelve chains of sums, so that none waits for another; `asm` keeps the compiler from knowing what is in them, and that it might
// make something once for all.
#define LIMITS(name, target_name, vector, lanes, fma, add, load, set, pick)                                              \
  __attribute__((target(target_name))) static double name(int what, size_t place) {                                 \
    vector sums[chains], one = set(1e-9f), two = set(1e-9f);                                                         \
    _Pragma("GCC unroll 12") for (int c = 0; c < chains; c++) sums[c] = set((float)c);                                                        \
    const double start = now();                                                                                      \
    for (int turn = 0; turn < turns; turn++) {                                                                       \
      const float *at = memory + place + turn % 16 * lanes;                                                          \
      if (what == 0)                                                                                                 \
        _Pragma("GCC unroll 12") for (int c = 0; c < chains; c++) sums[c] = fma(one, two, sums[c]);                                           \
      if (what == 1)                                                                                                 \
        _Pragma("GCC unroll 12") for (int c = 0; c < chains; c++) {                                                                           \
          __asm__("" : "+v"(one));                                                                                   \
          sums[c] = fma(add(one, two), two, sums[c]);                                                                \
        }                                                                                                            \
      if (what == 3)                                                                                                 \
        _Pragma("GCC unroll 12") for (int c = 0; c < chains; c++) {                                                                           \
          __asm__("" : "+v"(one));                                                                                   \
          sums[c] = fma(pick(one, two), two, sums[c]);                                                               \
        }                                                                                                            \
      if (what == 2)                                                                                                 \
        _Pragma("GCC unroll 12") for (int c = 0; c < chains; c++) sums[c] = add(load(at + c * 64), sums[c]);                                  \
      _Pragma("GCC unroll 12") for (int c = 0; c < chains; c++) __asm__("" : "+v"(sums[c]));                                                  \
      __asm__("" : "+v"(one), "+v"(two));                                                                            \
    }                                                                                                                \
    const double took = now() - start;                                                                               \
    _Pragma("GCC unroll 12") for (int c = 1; c < chains; c++) sums[0] = add(sums[0], sums[c]);                                                \
    float out[lanes];                                                                                                \
    memcpy(out, &sums[0], sizeof out);                                                                               \
    sink = out[0];                                                                                                   \
    return (double)turns * chains / took;                                                                            \
  }

#define NONE(one, two) (one)
#define PICK(one, two) _mm512_permutex2var_ps(one, _mm512_set_epi32(16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1), two)
LIMITS(wide, "avx2,fma", __m256, 8, _mm256_fmadd_ps, _mm256_add_ps, _mm256_loadu_ps, _mm256_set1_ps, NONE)
LIMITS(widest, "avx512f,avx2,fma", __m512, 16, _mm512_fmadd_ps, _mm512_add_ps, _mm512_loadu_ps, _mm512_set1_ps, PICK)

static double most(double (*limits)(int, size_t), int what, size_t place) {
  double found = 0;
  for (int round = 0; round < 200; round++) {
    const double one = limits(what, place);
    if (one > found) found = one;
  }
  return found;
}

int main(void) {
  puts("| vectors a ns | fused products | with an addition each | with a pick each | loads | loads across lines |");
  puts("|---|---:|---:|---:|---:|---:|");
  for (int kind = 0; kind < 2; kind++) {
    if (!(kind ? __builtin_cpu_supports("avx512f") : __builtin_cpu_supports("avx2"))) continue;
    double (*limits)(int, size_t) = kind ? widest : wide;
    printf("| of %d | %.2f | %.2f | ", kind ? 16 : 8, most(limits, 0, 0), most(limits, 1, 0));
    if (kind) printf("%.2f", most(limits, 3, 0));
    printf(" | %.2f | %.2f |\n", most(limits, 2, 0), most(limits, 2, kind ? 1 : 9));
  }
}
