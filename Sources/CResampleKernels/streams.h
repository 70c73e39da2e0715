// Lanes are pairs of outputs. Included once for each kind of vectors: LANES pairs each, T of them at once.

#define AT(p, t) (*(floats *)((p) + LANES * (t)))
#define WIDE(p, t) __builtin_convertvector(AT(p, t), doubles)
// A statement for each of T vectors. Written out: what a loop runs over would be kept in memory, not in registers.
#define EACH(S, n)        \
  do {                    \
    S(n, 0);              \
    if (T > 1) S(n, 1);   \
    if (T > 2) S(n, 2);   \
    if (T > 3) S(n, 3);   \
    if (T > 4) S(n, 4);   \
    if (T > 5) S(n, 5);   \
    if (T > 6) S(n, 6);   \
    if (T > 7) S(n, 7);   \
    if (T > 8) S(n, 8);   \
    if (T > 9) S(n, 9);   \
    if (T > 10) S(n, 10); \
    if (T > 11) S(n, 11); \
  } while (0)
// For each of the SUMS sums that are under way.
#define EACH_SUM(S)                    \
  do {                                 \
    EACH(S, 0);                        \
    if (SUMS > 1) EACH(S, 1);          \
    if (SUMS > 2) EACH(S, 2);          \
    if (SUMS > 3) EACH(S, 3);          \
  } while (0)
#define NONE(n, t) sum[n][t] = none
#define BEGIN(n, t) x[n][t] = t < T - 1 ? AT(v + n, t) : none
#define TERM(n, t) sum[n][t] += one * x[n][t]
#define RISE(n, t) if (t < T - 1) x[n][t] = x[n][t + 1]
#define STEP(n)                                                      \
  do {                                                               \
    const float one = k[n * rounds + m];                             \
    x[n][T - 1] = AT(v + n, T - 1 + m);                              \
    EACH(TERM, n);                                                   \
    EACH(RISE, n);                                                   \
  } while (0)
#define STEPS                                                        \
  do {                                                               \
    STEP(0);                                                         \
    if (SUMS > 1) STEP(1);                                           \
    if (SUMS > 2) STEP(2);                                           \
    if (SUMS > 3) STEP(3);                                           \
  } while (0)
#define BLANK(n, t) all[t] = none
#define ADD(n, t) all[t] += sum[n][t]
#define KEEP(n, t) made[part][t] = all[t]

// What is left to do for LANES pairs whose three sums are known: the middle, and the pairs themselves.
ALWAYS void VECTORS(finish)(const struct syrinx_bank *b, ptrdiff_t phase, const float *from, ptrdiff_t stream, ptrdiff_t q,
                            const floats *both, const floats *first, const floats *second, float *to) {
  floats even = *both + *first, odd = *both + *second;
  if (b->middle) {
    const double *d = b->middle + phase * b->middle_count;
    doubles one = __builtin_convertvector(even, doubles), other = __builtin_convertvector(odd, doubles);
    for (ptrdiff_t c = 0; c < b->streams; c++) {
      const float *v = from + 4 * c * stream + q + b->middle_first, *u = v + 3 * stream;
      doubles x = WIDE(u, 0);
      for (ptrdiff_t i = 0; i < b->middle_steps; i++, d += 2) {
        const doubles y = WIDE(v + i, 0);
        one += d[0] * x;
        other += d[0] * y;
        x = WIDE(u + i + 1, 0);
        one += d[1] * y;
        other += d[1] * x;
      }
    }
    even = __builtin_convertvector(one, floats);
    odd = __builtin_convertvector(other, floats);
  }
  AT(to, 0) = ZIP_LOW(even, odd);
  AT(to, 1) = ZIP_HIGH(even, odd);
}

// T vectors of pairs of outputs, from pair q on.
//
// Steps that lie LANES apart look at the same vectors of samples, one vector on: of T vectors one is loaded. So a class's steps
// are taken in LANES runs; every fourth run belongs to one sum, of which SUMS are under way at once: enough of them that none
// waits for the product before.
ALWAYS void VECTORS(tile)(const struct syrinx_bank *b, ptrdiff_t phase, const float *from, ptrdiff_t stream, ptrdiff_t q,
                          float *to, int T, int SUMS, int whole) {
  const floats none = {0};
  const float *row = b->rows + phase * b->stride;
  floats made[3][12];
  for (int part = 0; part < 3; part++, row += b->streams * b->steps) {
    floats all[12];
    EACH(BLANK, 0);
    for (int first = 0; first < 4; first += SUMS) {
      floats sum[4][12], x[4][13];
      const float *k = row;
      EACH_SUM(NONE);
      for (ptrdiff_t c = 0; c < b->streams; c++) {
        const float *v = from + (4 * c + part) * stream + q + first;
        for (ptrdiff_t r = 0; r < LANES; r += 4, v += 4) {
          const ptrdiff_t rounds = (b->steps - r + LANES - 1) / LANES;
          k += first * rounds;
          EACH_SUM(BEGIN);
          if (whole == 0) {
            _Pragma("clang loop unroll(disable)") for (ptrdiff_t m = 0; m < rounds; m++) STEPS;
          } else {
            _Pragma("clang loop unroll(full)") for (ptrdiff_t m = 0; m < whole; m++) STEPS;
            if (rounds > whole) { const ptrdiff_t m = whole; STEPS; }
          }
          k += (4 - first) * rounds;
        }
      }
      EACH_SUM(ADD);
    }
    EACH(KEEP, 0);
  }
  for (int t = 0; t < T; t++)
    VECTORS(finish)(b, phase, from, stream, q + LANES * t, &made[0][t], &made[1][t], &made[2][t], to + 2 * LANES * t);
}
#undef AT
#undef WIDE
#undef EACH
#undef EACH_SUM
#undef NONE
#undef BEGIN
#undef TERM
#undef RISE
#undef STEP
#undef STEPS
#undef BLANK
#undef ADD
#undef KEEP

#if LANES == 16
#include "picks.h"
#endif

#define TILE(T, SUMS)                                                                                               \
  static __attribute__((noinline)) void VECTORS(tile_##T)(const struct syrinx_bank *b, ptrdiff_t phase,              \
                                                          const float *from, ptrdiff_t stream, ptrdiff_t q,         \
                                                          float *to) {                                              \
    /* What `high` and `best` have. */                                                                              \
    if (b->steps == 76) VECTORS(tile)(b, phase, from, stream, q, to, T, SUMS, T > 1 ? 76 / LANES : 0);                \
    else if (b->steps == 92) VECTORS(tile)(b, phase, from, stream, q, to, T, SUMS, T > 1 ? 92 / LANES : 0);           \
    else VECTORS(tile)(b, phase, from, stream, q, to, T, SUMS, 0);                                                  \
  }
#if LANES == 16
TILE(1, 4)
TILE(2, 4)
TILE(3, 2)
TILE(4, 2)
TILE(5, 2)
TILE(6, 2)
TILE(10, 1)
TILE(12, 1)
#elif REGISTERS == 16
TILE(1, 4)
TILE(2, 4)
TILE(3, 2)
TILE(5, 1)
TILE(6, 1)
TILE(7, 1)
#else
TILE(1, 2)
TILE(2, 1)
TILE(3, 1)
#endif
#undef TILE

static const struct tiles VECTORS(tiles) = {
  .lanes = LANES,
#define RUN(T) [T] = VECTORS(tile_##T)
#if LANES == 16
  .run = {RUN(1), RUN(2), RUN(3), RUN(4), RUN(5), RUN(6), RUN(10), RUN(12)},
  .picks = {{picks_0_0, picks_0_1}, {picks_1_0, picks_1_1}, {picks_2_0, picks_2_1}, {picks_3_0, picks_3_1},
            {picks_4_0, picks_4_1}, {picks_5_0, picks_5_1}},
  .size = {[1] = 1, 2, 3, 4, 5, 6, 4, 4, 5, 10, 6, 12, 10, 10, 10, 10, 12, 12, 10, 10, 12, 12, 12},
#elif REGISTERS == 16
  .run = {RUN(1), RUN(2), RUN(3), RUN(5), RUN(6), RUN(7)},
  .size = {[1] = 1, 2, 3, 2, 5, 6, 7, 5, 6, 7, 6, 6, 7, 7, 5, 7, 7, 6, 7, 7, 7, 7, 7},
#else
  .run = {RUN(1), RUN(2), RUN(3)},
  .size = {[1] = 1, 2, 3, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3},
#endif
#undef RUN
};
