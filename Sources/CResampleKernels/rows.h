// Lanes are neighbouring inputs of one output. Included once for each kind of vectors.

// GROUP outputs of CHANNELS channels that look at the same samples.
#define SUMS(GROUP, CHANNELS)                                                                              \
  static inline __attribute__((always_inline)) void VECTORS(sums_##GROUP##_##CHANNELS)(                    \
      const float *const *rows, const float *const *from, ptrdiff_t steps, floats4 (*to)[16]) {              \
    floats sums[GROUP][CHANNELS];                                                                          \
    _Pragma("unroll") for (int g = 0; g < GROUP; g++) _Pragma("unroll") for (int c = 0; c < CHANNELS; c++) \
        sums[g][c] = (floats){0};                                                                          \
    const ptrdiff_t end = LANES * steps;                                                                   \
    for (ptrdiff_t s = 0; s < end; s += LANES) {                                                           \
      floats x[CHANNELS];                                                                                  \
      _Pragma("unroll") for (int c = 0; c < CHANNELS; c++) x[c] = *(const floats *)(from[c] + s);          \
      _Pragma("unroll") for (int g = 0; g < GROUP; g++) {                                                  \
        const floats k = *(const floats *)(rows[g] + s);                                                   \
        _Pragma("unroll") for (int c = 0; c < CHANNELS; c++) sums[g][c] += k * x[c];                       \
      }                                                                                                    \
    }                                                                                                      \
    _Pragma("unroll") for (int c = 0; c < CHANNELS; c++) {                                                 \
      _Pragma("unroll") for (int g = 0; g < GROUP; g++) to[c][g] = FOUR(sums[g][c]);                       \
    }                                                                                                      \
  }

SUMS(1, 1)
SUMS(2, 1)
SUMS(3, 1)
SUMS(4, 1)
SUMS(1, 2)
SUMS(2, 2)
SUMS(3, 2)
SUMS(4, 2)
#undef SUMS

// All outputs of a window, four or three at a time where that comes out even, so that samples are loaded seldom and enough sums
// are under way.
static inline __attribute__((always_inline)) void VECTORS(window)(const float *const *rows, ptrdiff_t count,
                                                                  const float *const *from, ptrdiff_t steps,
                                                                  floats4 (*to)[16], ptrdiff_t pair) {
#define TO ((floats4(*)[16]) & to[0][n])
#define GROUPS(channels)                                                                 \
  for (ptrdiff_t n = 0, left = count; left > 0; left = count - n) {                       \
    if (left % 4 == 0) VECTORS(sums_4_##channels)(rows + n, from, steps, TO), n += 4;     \
    else if (left >= 3) VECTORS(sums_3_##channels)(rows + n, from, steps, TO), n += 3;    \
    else if (left == 2) VECTORS(sums_2_##channels)(rows + n, from, steps, TO), n += 2;    \
    else VECTORS(sums_1_##channels)(rows + n, from, steps, TO), n += 1;                   \
  }
  if (pair == 2) {
    GROUPS(2)
  } else {
    GROUPS(1)
  }
#undef GROUPS
#undef TO
}

// A sum's last additions, (0 + 2) + (1 + 3); those of four sums at once have the same order, so the same bits.
static inline __attribute__((always_inline)) void VECTORS(finish)(const floats4 *sums, ptrdiff_t count, float *to) {
  ptrdiff_t n = 0;
  for (; n + 4 <= count; n += 4) {
    const floats4 ab = __builtin_shufflevector(sums[n], sums[n + 1], 0, 1, 4, 5) +
                       __builtin_shufflevector(sums[n], sums[n + 1], 2, 3, 6, 7);
    const floats4 cd = __builtin_shufflevector(sums[n + 2], sums[n + 3], 0, 1, 4, 5) +
                       __builtin_shufflevector(sums[n + 2], sums[n + 3], 2, 3, 6, 7);
    *(floats4 *)(to + n) = __builtin_shufflevector(ab, cd, 0, 2, 4, 6) + __builtin_shufflevector(ab, cd, 1, 3, 5, 7);
  }
  for (; n < count; n++) to[n] = (sums[n][0] + sums[n][2]) + (sums[n][1] + sums[n][3]);
}

// The same with the filter's middle, all of it in double precision.
static inline __attribute__((always_inline)) void VECTORS(finish_precisely)(const floats4 *sums, const double *const *k,
                                                                            const float *const *x, ptrdiff_t taps,
                                                                            ptrdiff_t count, float *to) {
  for (ptrdiff_t n = 0; n < count; n++) {
    doubles4 sum = __builtin_convertvector(sums[n], doubles4);
    for (ptrdiff_t j = 0; j < taps; j += 4)
      sum += *(const doubles4 *)(k[n] + j) * __builtin_convertvector(*(const floats4 *)(x[n] + j), doubles4);
    const doubles2 half = __builtin_shufflevector(sum, sum, 0, 1) + __builtin_shufflevector(sum, sum, 2, 3);
    to[n] = (float)(half[0] + half[1]);
  }
}

// Lagrange's cubic between four values, or rows of a table; fraction: from the second to the third.
static inline __attribute__((always_inline)) void VECTORS(blend)(const float *row, ptrdiff_t stride, double u, float *to) {
  const float a = (float)(-u * (u - 1) * (u - 2) / 6), b = (float)((u + 1) * (u - 1) * (u - 2) / 2);
  const float c = (float)(-(u + 1) * u * (u - 2) / 2), d = (float)((u + 1) * u * (u - 1) / 6);
  for (ptrdiff_t j = 0; j < stride; j += LANES) {
    *(floats *)(to + j) = (a * *(const floats *)(row + j) + d * *(const floats *)(row + 3 * stride + j)) +
                          (b * *(const floats *)(row + stride + j) + c * *(const floats *)(row + 2 * stride + j));
  }
}

static inline __attribute__((always_inline)) void VECTORS(blend_middle)(const double *row, ptrdiff_t stride, double u, double *to) {
  const double a = -u * (u - 1) * (u - 2) / 6, b = (u + 1) * (u - 1) * (u - 2) / 2;
  const double c = -(u + 1) * u * (u - 2) / 2, d = (u + 1) * u * (u - 1) / 6;
  for (ptrdiff_t j = 0; j < stride; j++)
    to[j] = (a * row[j] + d * row[3 * stride + j]) + (b * row[stride + j] + c * row[2 * stride + j]);
}

static void VECTORS(run_rows)(const struct syrinx_bank *bank, struct syrinx_bank_place *place, const float *const *from,
                         float *const *to, ptrdiff_t channels, ptrdiff_t count, void *scratch) {
  const struct syrinx_bank b = *bank;
  const ptrdiff_t whole = b.advance / b.phases, rest = b.advance % b.phases;
  const ptrdiff_t rows_in_all = b.grid > 0 ? LANES * b.phases / b.grid : 1;
  const ptrdiff_t row_step = b.grid > 0 ? b.advance / b.grid % rows_in_all : 0;
  // Blended middles first, for they are wider.
  double *const blended_middle = scratch;
  float *const blended = (float *)(blended_middle + (b.middle ? 16 * b.middle_count : 0));
  struct syrinx_bank_place p = *place;
  ptrdiff_t done = 0;
  while (done < count) {
    const float *rows[16];
    const double *middles[16];
    ptrdiff_t starts[16];
    floats4 sums[2][16];
    const ptrdiff_t window = p.frame & ~(ptrdiff_t)(LANES - 1);
    ptrdiff_t n = 0;
    while (n < 16 && done + n < count && (p.frame & ~(ptrdiff_t)(LANES - 1)) == window) {
      const ptrdiff_t shift = p.frame & (LANES - 1);
      starts[n] = p.frame + b.middle_first;
      if (b.blended > 0) {
        const ptrdiff_t scaled = p.phase * b.blended, index = scaled / b.phases;
        const double u = (double)(scaled % b.phases) / (double)b.phases;
        VECTORS(blend)(b.rows + index * b.stride, b.stride, u, blended + n * b.stride);
        rows[n] = blended + n * b.stride + LANES - shift;
        if (b.middle) {
          middles[n] = blended_middle + n * b.middle_count;
          VECTORS(blend_middle)(b.middle + index * b.middle_count, b.middle_count, u, blended_middle + n * b.middle_count);
        }
      } else {
        rows[n] = b.grid > 0 ? b.rows + p.row * b.stride : b.rows + p.phase * b.stride + LANES - shift;
        middles[n] = b.middle + p.phase * b.middle_count;
      }
      if (b.grid > 0) {
        p.row += row_step;
        if (p.row >= rows_in_all) p.row -= rows_in_all;
      }
      p.frame += whole;
      p.phase += rest;
      if (p.phase >= b.phases) {
        p.phase -= b.phases;
        p.frame += 1;
      }
      n += 1;
    }
    for (ptrdiff_t c = 0; c < channels; c += 2) {
      const ptrdiff_t pair = channels - c >= 2 ? 2 : 1;
      const float *const in[2] = {from[c] + window, from[c + pair - 1] + window};
      VECTORS(window)(rows, n, in, b.steps, sums, pair);
      for (ptrdiff_t e = 0; e < pair; e++) {
        if (b.middle) {
          const float *places[16];
          for (ptrdiff_t i = 0; i < n; i++) places[i] = from[c + e] + starts[i];
          VECTORS(finish_precisely)(sums[e], middles, places, b.middle_count, n, to[c + e] + done);
        } else {
          VECTORS(finish)(sums[e], n, to[c + e] + done);
        }
      }
    }
    done += n;
  }
  *place = p;
}
