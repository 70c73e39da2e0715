// Lanes are neighbouring inputs of one output. Included once for each kind of vectors.

#define AT(p, s) (*(const floats *)((p) + (s)))

// What four sums come to, each in this order: halves upon halves down to four, then (0 + 2) + (1 + 3). Two or four take each
// step together.
ALWAYS floats4 VECTORS(join)(const floats *a, const floats *b, const floats *c, const floats *d) {
#define TWO(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#if LANES == 16
  const floats16 ab = TWO(*a, *b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
                      TWO(*a, *b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
  const floats16 cd = TWO(*c, *d, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
                      TWO(*c, *d, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
  const floats16 all = TWO(ab, cd, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) +
                       TWO(ab, cd, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
  const floats8 first = LOW8(all), second = HIGH8(all);
#else
  const floats8 first = TWO(*a, *b, 0, 1, 2, 3, 8, 9, 10, 11) + TWO(*a, *b, 4, 5, 6, 7, 12, 13, 14, 15);
  const floats8 second = TWO(*c, *d, 0, 1, 2, 3, 8, 9, 10, 11) + TWO(*c, *d, 4, 5, 6, 7, 12, 13, 14, 15);
#endif
  const floats8 pairs = TWO(first, second, 0, 1, 8, 9, 4, 5, 12, 13) + TWO(first, second, 2, 3, 10, 11, 6, 7, 14, 15);
  const floats4 ac = LOW4(pairs), bd = HIGH4(pairs);
  return TWO(ac, bd, 0, 4, 2, 6) + TWO(ac, bd, 1, 5, 3, 7);
#undef TWO
}

// GROUP outputs of CHANNELS channels that look at the same samples: `to` gets them, or, where the filter's middle is still to
// be added, `parts` what is left of each sum when it is down to four.
#define SUMS(GROUP, CHANNELS)                                                                                        \
  ALWAYS void VECTORS(sums_##GROUP##_##CHANNELS)(                              \
      const float *const *rows, const float *const *from, ptrdiff_t steps, floats4 (*parts)[16], float *const *to,   \
      ptrdiff_t n, int middle) {                                                                                     \
    floats sums[4][CHANNELS];                                                                                        \
    _Pragma("unroll") for (int g = 0; g < 4; g++) _Pragma("unroll") for (int c = 0; c < CHANNELS; c++)               \
        sums[g][c] = (floats){0};                                                                                    \
    const ptrdiff_t end = LANES * steps;                                                                             \
    for (ptrdiff_t s = 0; s < end; s += LANES) {                                                                     \
      floats x[CHANNELS];                                                                                            \
      _Pragma("unroll") for (int c = 0; c < CHANNELS; c++) x[c] = AT(from[c], s);                                    \
      _Pragma("unroll") for (int g = 0; g < GROUP; g++) {                                                            \
        const floats k = AT(rows[n + g], s);                                                                         \
        _Pragma("unroll") for (int c = 0; c < CHANNELS; c++) sums[g][c] += k * x[c];                                 \
      }                                                                                                              \
    }                                                                                                                \
    _Pragma("unroll") for (int c = 0; c < CHANNELS; c++) {                                                           \
      if (middle) {                                                                                                  \
        _Pragma("unroll") for (int g = 0; g < GROUP; g++) parts[c][n + g] = FOUR(sums[g][c]);                        \
      } else {                                                                                                       \
        const floats4 made = VECTORS(join)(&sums[0][c], &sums[1][c], &sums[2][c], &sums[3][c]);                          \
        if (GROUP == 4) *(floats4 *)(to[c] + n) = made;                                                              \
        else for (int g = 0; g < GROUP; g++) to[c][n + g] = made[g];                                                 \
      }                                                                                                              \
    }                                                                                                                \
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
#undef AT

// All outputs of a window, four or three at a time where that comes out even, so that samples are loaded seldom and enough sums
// are under way.
ALWAYS void VECTORS(window)(const float *const *rows, ptrdiff_t count, const float *const *from, ptrdiff_t steps,
                            floats4 (*parts)[16], float *const *to, ptrdiff_t pair, int middle) {
#define GROUPS(channels)                                                                              \
  for (ptrdiff_t n = 0, left = count; left > 0; left = count - n) {                                   \
    if (left % 4 == 0) VECTORS(sums_4_##channels)(rows, from, steps, parts, to, n, middle), n += 4;   \
    else if (left >= 3) VECTORS(sums_3_##channels)(rows, from, steps, parts, to, n, middle), n += 3;  \
    else if (left == 2) VECTORS(sums_2_##channels)(rows, from, steps, parts, to, n, middle), n += 2;  \
    else VECTORS(sums_1_##channels)(rows, from, steps, parts, to, n, middle), n += 1;                 \
  }
  if (pair == 2) {
    GROUPS(2)
  } else {
    GROUPS(1)
  }
#undef GROUPS
}

// The last additions of sums that are down to four, with the filter's middle, all of it in double precision.
ALWAYS void VECTORS(finish_precisely)(const floats4 *sums, const double *const *k, const float *const *x, ptrdiff_t taps,
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
ALWAYS void VECTORS(blend)(const float *row, ptrdiff_t stride, double u, float *to) {
  const float a = (float)(-u * (u - 1) * (u - 2) / 6), b = (float)((u + 1) * (u - 1) * (u - 2) / 2);
  const float c = (float)(-(u + 1) * u * (u - 2) / 2), d = (float)((u + 1) * u * (u - 1) / 6);
  for (ptrdiff_t j = 0; j < stride; j += LANES) {
    *(floats *)(to + j) = (a * *(const floats *)(row + j) + d * *(const floats *)(row + 3 * stride + j)) +
                          (b * *(const floats *)(row + stride + j) + c * *(const floats *)(row + 2 * stride + j));
  }
}

ALWAYS void VECTORS(blend_middle)(const double *row, ptrdiff_t stride, double u, double *to) {
  const double a = -u * (u - 1) * (u - 2) / 6, b = (u + 1) * (u - 1) * (u - 2) / 2;
  const double c = -(u + 1) * u * (u - 2) / 2, d = (u + 1) * u * (u - 1) / 6;
  for (ptrdiff_t j = 0; j < stride; j++)
    to[j] = (a * row[j] + d * row[3 * stride + j]) + (b * row[stride + j] + c * row[2 * stride + j]);
}

// The outputs that look at the window of inputs in which the next one begins, at most `most` and 16: where their rows lie, and
// with `middle` what their middles are made of. Moves the place on.
ALWAYS ptrdiff_t VECTORS(gather)(const struct syrinx_bank *bank, struct syrinx_bank_place *place, ptrdiff_t most,
                                 float *blended, double *blended_middle, const float **rows, const double **middles,
                                 ptrdiff_t *starts, int grid, int blend, int middle) {
  const struct syrinx_bank b = *bank;
  const ptrdiff_t whole = b.advance / b.phases, rest = b.advance % b.phases;
  const ptrdiff_t rows_in_all = grid ? LANES * b.phases / b.grid : b.phases;
  const ptrdiff_t row_step = grid ? b.advance / b.grid % rows_in_all : rest;
  const ptrdiff_t window = place->frame & ~(ptrdiff_t)(LANES - 1);
  ptrdiff_t frame = place->frame, phase = place->phase, row = grid ? place->row : phase, n = 0;
  if (most > 16) most = 16;
  do {
    if (blend) {
      const ptrdiff_t scaled = phase * b.blended, index = scaled / b.phases;
      const double u = (double)(scaled % b.phases) / (double)b.phases;
      VECTORS(blend)(b.rows + index * b.stride, b.stride, u, blended + n * b.stride);
      rows[n] = blended + n * b.stride + LANES + window - frame;
      if (middle) {
        middles[n] = blended_middle + n * b.middle_count;
        VECTORS(blend_middle)(b.middle + index * b.middle_count, b.middle_count, u, blended_middle + n * b.middle_count);
      }
    } else {
      rows[n] = b.rows + row * b.stride + (grid ? 0 : LANES + window - frame);
      if (middle) middles[n] = b.middle + phase * b.middle_count;
    }
    if (middle) starts[n] = frame + b.middle_first;
    row += row_step;
    row -= row >= rows_in_all ? rows_in_all : 0;
    phase += rest;
    frame += whole + (phase >= b.phases);
    phase -= phase >= b.phases ? b.phases : 0;
    n += 1;
  } while (n < most && frame < window + LANES);
  place->frame = frame;
  place->phase = phase;
  place->row = grid ? row : place->row;
  return n;
}

ALWAYS void VECTORS(windows)(const struct syrinx_bank *b, struct syrinx_bank_place *place, const float *const *from,
                             float *const *to, ptrdiff_t channels, ptrdiff_t count, void *scratch, int grid, int blend,
                             int middle) {
  // Blended middles first, for they are wider.
  double *const blended_middle = scratch;
  float *const blended = (float *)(blended_middle + (middle ? 16 * b->middle_count : 0));
  const float *rows[16];
  const double *middles[16];
  ptrdiff_t starts[16];
  floats4 parts[2][16];
  for (ptrdiff_t done = 0; done < count;) {
    const ptrdiff_t window = place->frame & ~(ptrdiff_t)(LANES - 1);
    const ptrdiff_t n =
        VECTORS(gather)(b, place, count - done, blended, blended_middle, rows, middles, starts, grid, blend, middle);
    for (ptrdiff_t c = 0; c < channels; c += 2) {
      const ptrdiff_t pair = channels - c >= 2 ? 2 : 1;
      const float *const in[2] = {from[c] + window, from[c + pair - 1] + window};
      float *const out[2] = {to[c] + done, to[c + pair - 1] + done};
      VECTORS(window)(rows, n, in, b->steps, parts, out, pair, middle);
      for (ptrdiff_t e = 0; middle && e < pair; e++) {
        const float *places[16];
        for (ptrdiff_t i = 0; i < n; i++) places[i] = from[c + e] + starts[i];
        VECTORS(finish_precisely)(parts[e], middles, places, b->middle_count, n, out[e]);
      }
    }
    done += n;
  }
}

#define WINDOWS(name, grid, blend, middle)                                                                           \
  static __attribute__((noinline)) void VECTORS(windows_##name)(                                                     \
      const struct syrinx_bank *b, struct syrinx_bank_place *place, const float *const *from, float *const *to,      \
      ptrdiff_t channels, ptrdiff_t count, void *scratch) {                                                          \
    VECTORS(windows)(b, place, from, to, channels, count, scratch, grid, blend, middle);                             \
  }
WINDOWS(grid, 1, 0, 0)
WINDOWS(grid_precise, 1, 0, 1)
WINDOWS(phases, 0, 0, 0)
WINDOWS(phases_precise, 0, 0, 1)
WINDOWS(blended, 0, 1, 0)
WINDOWS(blended_precise, 0, 1, 1)
#undef WINDOWS

static void VECTORS(run_rows)(const struct syrinx_bank *b, struct syrinx_bank_place *place, const float *const *from,
                              float *const *to, ptrdiff_t channels, ptrdiff_t count, void *scratch) {
#define RUN_WINDOWS(name) \
  (b->middle ? VECTORS(windows_##name##_precise) : VECTORS(windows_##name))(b, place, from, to, channels, count, scratch)
  if (b->grid > 0) RUN_WINDOWS(grid);
  else if (b->blended > 0) RUN_WINDOWS(blended);
  else RUN_WINDOWS(phases);
#undef RUN_WINDOWS
}
