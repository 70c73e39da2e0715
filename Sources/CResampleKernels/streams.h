// Lanes are outputs. Included once for each kind of vectors; MOST is how many vectors of outputs its registers allow at once.

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
#define NONE(t) s[t] = none
#define BEGIN(t) run[t] = none, x[t] = up && t < T - 1 ? AT(v, t) : none, y[t] = down && t < T - 1 ? AT(w, t + 1) : none
#define FALL(t) if (down) y[T - 1 - t] = t < T - 1 ? y[T - 2 - t] : AT(w, -m)
#define TERM(t) run[t] += one * (folded ? x[t] + y[t] : side == 0 ? x[t] : y[t])
#define RISE(t) if (up && t < T - 1) x[t] = x[t + 1]
#define ADD(t) s[t] += run[t]
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
// vectors one is loaded. Each such run has a sum of its own: what runs come to cancels in the stop-band, the roundings of long
// sums would not.
ALWAYS void VECTORS(tile)(const struct syrinx_bank *b, ptrdiff_t phase, ptrdiff_t frame, const float *from,
                          ptrdiff_t stream, float *made, int T, int folded) {
  const floats none = {0};
  const ptrdiff_t streams = b->streams, rounds = b->outer / LANES;
  const ptrdiff_t last = folded && phase == 0 ? b->taps - 2 : b->taps - 1;
  const float *k = b->rows + phase * b->stride;
  floats s[7], run[7], x[8], y[7];
  EACH(NONE);
  for (ptrdiff_t side = 0; side < (folded ? 1 : 2); side++) {
    const int up = folded || side == 0, down = folded || side == 1;
    for (ptrdiff_t c = 0; c < streams; c++) {
      const ptrdiff_t f = frame + c, g = frame + last - c;
      const float *v = from + f % streams * stream + f / streams - b->pad;
      const float *w = from + g % streams * stream + g / streams + b->pad;
      // Unfolded, the second side runs from its outer end too: its vectors come in falling order.
      for (ptrdiff_t r = 0; r < LANES; r++, v++, w--, k += rounds) {
        EACH(BEGIN);
        _Pragma("clang loop unroll(disable)") for (ptrdiff_t m = 0; m < rounds; m++) {
          const float one = k[m];
          if (up) x[T - 1] = AT(v, T - 1 + m);
          EACH(FALL);
          EACH(TERM);
          EACH(RISE);
        }
        EACH(ADD);
      }
    }
  }
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
#undef TERM
#undef RISE
#undef ADD
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
    VECTORS(tile)(b, phase, frame, from, stream, made, T, folded);                                                 \
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

static void VECTORS(run_streams)(const struct syrinx_bank *bank, struct syrinx_bank_place *place, const float *const *from,
                                 ptrdiff_t stream, float *const *to, ptrdiff_t channels, ptrdiff_t count) {
  const struct syrinx_bank b = *bank;
  const ptrdiff_t phases = b.phases;
  for (ptrdiff_t r = 0; r < phases && r < count; r++) {
    const ptrdiff_t at = place->phase + r * b.advance, phase = at % phases, frame = place->frame + at / phases;
    const int folded = phase == 0 || 2 * phase == phases;
    const ptrdiff_t all = (count - r + phases - 1) / phases;
    for (ptrdiff_t c = 0; c < channels; c++) {
      for (ptrdiff_t n = 0; n < all; n += MOST * LANES) {
        float made[MOST * LANES];
        const ptrdiff_t some = all - n < MOST * LANES ? all - n : MOST * LANES, here = frame + n * b.advance;
#define CASE(T)                                                                                                     \
  case T:                                                                                                           \
    (folded ? VECTORS(tile_##T##_1) : VECTORS(tile_##T##_0))(&b, phase, here, from[c], stream, made);               \
    break;
        switch ((some + LANES - 1) / LANES) {
          CASE(1)
          CASE(2)
          CASE(3)
#if MOST > 3
          CASE(4)
#endif
#if MOST > 4
          CASE(5)
          CASE(6)
          CASE(7)
#endif
        }
#undef CASE
        float *out = to[c] + r + n * phases;
        if (phases == 1) for (ptrdiff_t i = 0; i < some; i++) out[i] = made[i];
        else for (ptrdiff_t i = 0; i < some; i++) out[i * phases] = made[i];
      }
    }
  }
  const ptrdiff_t end = place->phase + count * b.advance;
  place->frame += end / phases;
  place->phase = end % phases;
}
