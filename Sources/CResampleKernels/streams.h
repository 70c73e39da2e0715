// Lanes are outputs. Included once for each kind of vectors.

#define AT(p, t) (*(const floats *)((p) + LANES * (t)))
#define WIDE(p, t) __builtin_convertvector(AT(p, t), doubles)

// T vectors of outputs of one phase, the first of whose filters begins at `frame`.
//
// Within a class (inputs of one stream) steps that lie LANES apart look at the same vectors of samples, one vector on: of T
// vectors one is loaded. Two sets of sums take turns, so that no addition waits for the one before. Each such run has sums of its
// own: what runs come to cancels in the stop-band, the roundings of long sums would not.
static inline __attribute__((always_inline)) void VECTORS(tile)(const struct syrinx_bank *b, ptrdiff_t phase,
                                                                ptrdiff_t frame, const float *from, ptrdiff_t stream,
                                                                float *made, int T, int folded) {
  const floats none = {0};
  const ptrdiff_t streams = b->streams, rounds = b->outer / LANES;
  const ptrdiff_t last = folded && phase == 0 ? b->taps - 2 : b->taps - 1;
  const float *k = b->rows + phase * b->stride;
  floats s0 = none, s1 = none, s2 = none;
  for (ptrdiff_t side = 0; side < (folded ? 1 : 2); side++) {
    for (ptrdiff_t c = 0; c < streams; c++) {
      const ptrdiff_t f = frame + c, g = frame + last - c;
      const float *v = from + f % streams * stream + f / streams;
      const float *w = from + g % streams * stream + g / streams;
      // Unfolded, the second side runs from its outer end too: its vectors come in falling order.
      for (ptrdiff_t r = 0; r < LANES; r++, v++, w--, k += rounds) {
        const int up = folded || side == 0, down = folded || side == 1;
        floats a0 = none, a1 = none, a2 = none, b0 = none, b1 = none, b2 = none;
        floats x0 = up && T > 1 ? AT(v, 0) : none, x1 = up && T > 2 ? AT(v, 1) : none, x2 = none, x3 = none;
        floats y0 = none, y1 = down && T > 1 ? AT(w, 1) : none, y2 = down && T > 2 ? AT(w, 2) : none, y3 = none;
        _Pragma("unroll 2") for (ptrdiff_t m = 0; m < rounds; m += 2) {
          const float one = k[m], two = k[m + 1];
          if (up) {
            const floats i = AT(v, T - 1 + m), j = AT(v, T + m);
            if (T == 1) x0 = i, x1 = j;
            if (T == 2) x1 = i, x2 = j;
            if (T == 3) x2 = i, x3 = j;
          }
          if (down) y0 = AT(w, -m), y3 = AT(w, -m - 1);
#define TERM(x, y) (folded ? (x) + (y) : side == 0 ? (x) : (y))
          a0 += one * TERM(x0, y0);
          if (T > 1) a1 += one * TERM(x1, y1);
          if (T > 2) a2 += one * TERM(x2, y2);
          b0 += two * TERM(x1, y3);
          if (T > 1) b1 += two * TERM(x2, y0);
          if (T > 2) b2 += two * TERM(x3, y1);
#undef TERM
          x0 = x2, x1 = x3;
          if (T == 2) x0 = x2;
          y2 = y0, y1 = y3;
        }
        s0 += a0 + b0;
        if (T > 1) s1 += a1 + b1;
        if (T > 2) s2 += a2 + b2;
      }
    }
  }
  for (ptrdiff_t c = 0; c < streams; c++) {
    const ptrdiff_t f = frame + c, g = frame + last - c;
    const float *v = from + f % streams * stream + f / streams + b->outer;
    const float *w = from + g % streams * stream + g / streams - b->outer;
    for (ptrdiff_t i = 0; i < b->inner; i++, v++, w--, k += folded ? 1 : 2) {
      if (folded) {
        s0 += *k * (AT(v, 0) + AT(w, 0));
        if (T > 1) s1 += *k * (AT(v, 1) + AT(w, 1));
        if (T > 2) s2 += *k * (AT(v, 2) + AT(w, 2));
      } else {
        s0 += k[0] * AT(v, 0), s0 += k[1] * AT(w, 0);
        if (T > 1) s1 += k[0] * AT(v, 1), s1 += k[1] * AT(w, 1);
        if (T > 2) s2 += k[0] * AT(v, 2), s2 += k[1] * AT(w, 2);
      }
    }
  }
  if (b->middle) {
    const double *d = b->middle + phase * b->middle_count;
    const ptrdiff_t begin = b->outer + b->inner;
    doubles z0 = __builtin_convertvector(s0, doubles), z1 = __builtin_convertvector(s1, doubles);
    doubles z2 = __builtin_convertvector(s2, doubles);
    for (ptrdiff_t c = 0; c < streams; c++) {
      const ptrdiff_t f = frame + c, g = frame + last - c;
      const float *v = from + f % streams * stream + f / streams + begin;
      const float *w = from + g % streams * stream + g / streams - begin;
      for (ptrdiff_t i = 0; i < b->middle_steps; i++, v++, w--, d += folded ? 1 : 2) {
        if (folded) {
          z0 += *d * (WIDE(v, 0) + WIDE(w, 0));
          if (T > 1) z1 += *d * (WIDE(v, 1) + WIDE(w, 1));
          if (T > 2) z2 += *d * (WIDE(v, 2) + WIDE(w, 2));
        } else {
          z0 += d[0] * WIDE(v, 0), z0 += d[1] * WIDE(w, 0);
          if (T > 1) z1 += d[0] * WIDE(v, 1), z1 += d[1] * WIDE(w, 1);
          if (T > 2) z2 += d[0] * WIDE(v, 2), z2 += d[1] * WIDE(w, 2);
        }
      }
    }
    s0 = __builtin_convertvector(z0, floats), s1 = __builtin_convertvector(z1, floats);
    s2 = __builtin_convertvector(z2, floats);
  }
  *(floats *)made = s0;
  if (T > 1) *(floats *)(made + LANES) = s1;
  if (T > 2) *(floats *)(made + 2 * LANES) = s2;
}
#undef AT
#undef WIDE

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
      for (ptrdiff_t n = 0; n < all; n += 3 * LANES) {
        float made[3 * LANES];
        const ptrdiff_t left = all - n, here = frame + n * b.advance;
        if (left > 2 * LANES) (folded ? VECTORS(tile_3_1) : VECTORS(tile_3_0))(&b, phase, here, from[c], stream, made);
        else if (left > LANES) (folded ? VECTORS(tile_2_1) : VECTORS(tile_2_0))(&b, phase, here, from[c], stream, made);
        else (folded ? VECTORS(tile_1_1) : VECTORS(tile_1_0))(&b, phase, here, from[c], stream, made);
        const ptrdiff_t some = left < 3 * LANES ? left : 3 * LANES;
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
