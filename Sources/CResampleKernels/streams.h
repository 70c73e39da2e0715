// Lanes are outputs. Included once for each kind of vectors: LANES outputs each, MOST of them at once, as registers allow. GROUP
// is the distance of the steps of a run, LANES or twice as many, and RUNS = GROUP / LANES.

#define AT(p, t) (*(const floats *)((p) + LANES * (t)))
#define WIDE(p, t) __builtin_convertvector(AT(p, t), doubles)
// A statement for each of T vectors. Written out: what a loop runs over would be kept in memory, not in registers.
#define EACH(S)                                                                                                     \
  do {                                                                                                              \
    S(0);                                                                                                           \
    if (T > 1) S(1);                                                                                                \
    if (T > 2) S(2);                                                                                                \
    if (T > 3) S(3);                                                                                                \
    if (T > 4) S(4);                                                                                                \
    if (T > 5) S(5);                                                                                                \
    if (T > 6) S(6);                                                                                                \
  } while (0)
#define NONE(t) s[t] = none, other[t] = none
#define BEGIN(t)                                                                                                    \
  run[t] = none, twin[t] = none, x[t] = up && t < T - 1 ? AT(v, t) : none, y[t] = down && t < T - 1 ? AT(w, t + 1) : none
#define FALL(t) if (down) y[T - 1 - t] = t < T - 1 ? y[T - 2 - t] : AT(w, -m)
#define PRODUCT(t) (one * (folded ? x[t] + y[t] : side == 0 ? x[t] : y[t]))
#define TERM(t) run[t] += PRODUCT(t)
#define TWIN(t) twin[t] += PRODUCT(t)
#define RISE(t) if (up && t < T - 1) x[t] = x[t + 1]
#define STEP(S, coefficient)               \
  do {                                     \
    const float one = coefficient;         \
    if (up) x[T - 1] = AT(v, T - 1 + m);   \
    EACH(FALL);                            \
    EACH(S);                               \
    EACH(RISE);                            \
    m++;                                   \
  } while (0)
#define STEPS                                           \
  do {                                                  \
    STEP(TERM, one_run[i]);                             \
    if (RUNS > 1) STEP(TWIN, one_run[i + 8 * rounds]);  \
  } while (0)
#define ADD(t) s[t] += run[t]
#define ADD_TWIN(t) other[t] += twin[t]
#define HOLD(t) other[t] = s[t], s[t] = none
#define HALVES(t) s[t] += other[t]
#define FOLDED(t) s[t] += *k * (AT(v, t) + AT(w, t))
#define SIDES(t) s[t] += k[0] * AT(v, t), s[t] += k[1] * AT(w, t)
#define WIDEN(t) z[t] = __builtin_convertvector(s[t], doubles)
#define WIDE_FOLDED(t) z[t] += *d * (WIDE(v, t) + WIDE(w, t))
#define WIDE_SIDES(t) z[t] += d[0] * WIDE(v, t), z[t] += d[1] * WIDE(w, t)
#define NARROW(t) s[t] = __builtin_convertvector(z[t], floats)
#define STORE(t) *(floats *)(made + LANES * (t)) = s[t]

// T vectors of outputs of one phase, the first of whose filters begins at `frame`.
//
// Within a class (inputs of one stream) steps that lie LANES apart look at the same vectors of samples, one vector on: of T
// vectors one is loaded. Each run of steps that lie GROUP apart has a sum of its own: what runs come to cancels in the stop-band,
// the roundings of long sums would not. Where GROUP is 16, those of the first 8 runs of each class are summed, then those of the
// others: narrow vectors make both sums side by side, wide ones one after the other. fixed: outer / GROUP, where the compiler
// shall know it, or 0.
ALWAYS void VECTORS(tile)(const struct syrinx_bank *b, ptrdiff_t phase, ptrdiff_t frame, const float *from,
                          ptrdiff_t stream, float *made, int T, int folded, int fixed) {
  const floats none = {0};
  const ptrdiff_t streams = b->streams, rounds = fixed > 0 ? fixed : b->outer / GROUP, sides = folded ? 1 : 2;
  const ptrdiff_t last = folded && phase == 0 ? b->taps - 2 : b->taps - 1;
  const float *k = b->rows + phase * b->stride;
  floats s[7], other[7], run[7], twin[7], x[8], y[7];
  EACH(NONE);
  for (ptrdiff_t half = 0; half < GROUP / RUNS / 8; half++) {
    if (half > 0) EACH(HOLD);
    for (ptrdiff_t side = 0; side < sides; side++) {
      const int up = folded || side == 0, down = folded || side == 1;
      for (ptrdiff_t c = 0; c < streams; c++) {
        const ptrdiff_t f = frame + c, g = frame + last - c;
        const float *v = from + f % streams * stream + f / streams - b->pad + 8 * half;
        const float *w = from + g % streams * stream + g / streams + b->pad - 8 * half;
        const float *one_run = k + ((side * streams + c) * GROUP + 8 * half) * rounds;
        // Unfolded, the second side runs from its outer end too: its vectors come in falling order.
        for (ptrdiff_t r = 0; r < 8; r++, v++, w--, one_run += rounds) {
          EACH(BEGIN);
          ptrdiff_t m = 0;
          if (fixed > 0) {
            _Pragma("clang loop unroll(full)") for (ptrdiff_t i = 0; i < fixed; i++) STEPS;
          } else {
            _Pragma("clang loop unroll(disable)") for (ptrdiff_t i = 0; i < rounds; i++) STEPS;
          }
          EACH(ADD);
          if (RUNS > 1) EACH(ADD_TWIN);
        }
      }
    }
  }
  if (GROUP > 8) EACH(HALVES);
  k += sides * b->outer * streams;
  for (ptrdiff_t c = 0; c < streams; c++) {
    const ptrdiff_t f = frame + c, g = frame + last - c, begin = b->outer - b->pad;
    const float *v = from + f % streams * stream + f / streams + begin;
    const float *w = from + g % streams * stream + g / streams - begin;
    for (ptrdiff_t i = 0; i < b->inner; i++, v++, w--, k += folded ? 1 : 2) {
      if (folded) EACH(FOLDED);
      else EACH(SIDES);
    }
  }
  if (b->middle) {
    const double *d = b->middle + phase * b->middle_count;
    const ptrdiff_t begin = b->outer - b->pad + b->inner;
    doubles z[7];
    EACH(WIDEN);
    for (ptrdiff_t c = 0; c < streams; c++) {
      const ptrdiff_t f = frame + c, g = frame + last - c;
      const float *v = from + f % streams * stream + f / streams + begin;
      const float *w = from + g % streams * stream + g / streams - begin;
      for (ptrdiff_t i = 0; i < b->middle_steps; i++, v++, w--, d += folded ? 1 : 2) {
        if (folded) EACH(WIDE_FOLDED);
        else EACH(WIDE_SIDES);
      }
    }
    EACH(NARROW);
  }
  EACH(STORE);
}
#undef AT
#undef WIDE
#undef EACH
#undef NONE
#undef BEGIN
#undef FALL
#undef PRODUCT
#undef TERM
#undef TWIN
#undef RISE
#undef STEP
#undef STEPS
#undef ADD
#undef ADD_TWIN
#undef HOLD
#undef HALVES
#undef FOLDED
#undef SIDES
#undef WIDEN
#undef WIDE_FOLDED
#undef WIDE_SIDES
#undef NARROW
#undef STORE

#define TILE(T, folded)                                                                                           \
  static __attribute__((noinline)) void VECTORS(tile_##T##_##folded)(const struct syrinx_bank *b, ptrdiff_t phase,  \
                                                                     ptrdiff_t frame, const float *from,           \
                                                                     ptrdiff_t stream, float *made) {              \
    /* What `high` and `best` have where loops cost most: with few vectors. */                                     \
    if (RUNS > 1 && b->outer == 5 * GROUP) VECTORS(tile)(b, phase, frame, from, stream, made, T, folded, 5);       \
    else if (RUNS > 1 && b->outer == 6 * GROUP) VECTORS(tile)(b, phase, frame, from, stream, made, T, folded, 6);  \
    else VECTORS(tile)(b, phase, frame, from, stream, made, T, folded, 0);                                         \
  }
TILE(1, 0)
TILE(2, 0)
TILE(3, 0)
TILE(1, 1)
TILE(2, 1)
TILE(3, 1)
#if MOST > 3
TILE(4, 0)
TILE(4, 1)
#endif
#if MOST > 4
TILE(5, 0)
TILE(6, 0)
TILE(7, 0)
TILE(5, 1)
TILE(6, 1)
TILE(7, 1)
#endif
#undef TILE

static const struct tiles VECTORS(tiles) = {
  .lanes = LANES, .most = MOST,
#define BOTH(T) [T - 1] = {VECTORS(tile_##T##_0), VECTORS(tile_##T##_1)}
  .run = {
    BOTH(1), BOTH(2), BOTH(3),
#if MOST > 3
    BOTH(4),
#endif
#if MOST > 4
    BOTH(5), BOTH(6), BOTH(7),
#endif
  },
#undef BOTH
};
