// One vector of pairs of outputs, for processors that can pick 16 samples out of 32 at once. Included for such only.

#define PICK(low, places, high) ((floats16)_mm512_permutex2var_ps((__m512)(low), (__m512i)(places), (__m512)(high)))
#define LOAD(i) x[i] = (i) <= whole + 1 ? *(const floats16 *)(v + 16 * (i)) : none
#define TERM(n, i)                                                                      \
  if (rounds > (i)) {                                                                   \
    const float one = k[i];                                                             \
    sum[n] += one * PICK(x[i], places, x[(i) + 1]);                                     \
    if (two) other[n] += one * *(const floats16 *)(w + (n) + 16 * (i));                 \
  }
// A run of `rounds` steps.
#define RUN(n)                                                                          \
  do {                                                                                  \
    TERM(n, 0); TERM(n, 1); TERM(n, 2); TERM(n, 3); TERM(n, 4); TERM(n, 5);             \
    k += rounds;                                                                        \
    places += 1;                                                                        \
  } while (0)

// The runs first ..< end of a class, whose samples are in x, and for a second channel lie at w.
ALWAYS const float *picks_runs(const float *k, const floats16 *x, const float *w, floats16 *sum, floats16 *other,
                               ptrdiff_t first, ptrdiff_t end, const int rounds, const int two) {
  const ints16 up = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  ints16 places = up + (int)first;
  w += first;
  _Pragma("clang loop unroll(disable)") for (ptrdiff_t r = first; r < end; r += 4, w += 4) {
    RUN(0);
    RUN(1);
    RUN(2);
    RUN(3);
  }
  return k;
}

// As the tile of one vector, with the very same sums; but a class's samples are loaded once, and each step picks its own. There
// are `whole` steps in each run, and one more in some. Of two channels the other loads for each step: what picks wait for is not
// what loads wait for.
ALWAYS void picks_tile(const struct syrinx_bank *b, ptrdiff_t phase, const float *const *from, ptrdiff_t stream, ptrdiff_t q,
                       float *const *to, const int whole, const int two) {
  const floats16 none = {0};
  const float *k = b->rows + phase * b->stride;
  floats16 made[2][3];
  for (int part = 0; part < 3; part++) {
    floats16 sum[4] = {none, none, none, none}, other[4] = {none, none, none, none};
    for (ptrdiff_t c = 0; c < b->streams; c++) {
      const ptrdiff_t at = (4 * c + part) * stream + q;
      const float *v = from[0] + at, *w = two ? from[1] + at : v;
      floats16 x[7];
      LOAD(0), LOAD(1), LOAD(2), LOAD(3), LOAD(4), LOAD(5), LOAD(6);
      k = picks_runs(k, x, w, sum, other, 0, b->steps % 16, whole + 1, two);
      k = picks_runs(k, x, w, sum, other, b->steps % 16, 16, whole, two);
    }
    made[0][part] = none + sum[0] + sum[1] + sum[2] + sum[3];
    if (two) made[1][part] = none + other[0] + other[1] + other[2] + other[3];
  }
  for (int c = 0; c <= two; c++)
    avx512_finish(b, phase, from[c], stream, q, &made[c][0], &made[c][1], &made[c][2], to[c]);
}
#undef PICK
#undef LOAD
#undef TERM
#undef RUN

#define PICKS(whole, two)                                                                                       \
  static __attribute__((noinline)) void picks_##whole##_##two(                                                  \
      const struct syrinx_bank *b, ptrdiff_t phase, const float *const *from, ptrdiff_t stream, ptrdiff_t q,    \
      float *const *to) {                                                                                       \
    picks_tile(b, phase, from, stream, q, to, whole, two);                                                      \
  }
PICKS(0, 0)
PICKS(1, 0)
PICKS(2, 0)
PICKS(3, 0)
PICKS(4, 0)
PICKS(5, 0)
PICKS(0, 1)
PICKS(1, 1)
PICKS(2, 1)
PICKS(3, 1)
PICKS(4, 1)
PICKS(5, 1)
#undef PICKS
