// Lanes are neighbouring outputs, for processors that can pick 16 samples out of 32 at once. Included for such only.

#define PICK(low, places, high) ((floats16)_mm512_permutex2var_ps((__m512)(low), (__m512i)(places), (__m512)(high)))
#define PICK_WIDE(low, places, high) \
  ((doubles8)_mm512_permutex2var_pd((__m512d)(low), (__m512i)(places), (__m512d)(high)))
#define AT(p) (*(floats16 *)(p))
#define EIGHT(v, i) \
  __builtin_shufflevector(v, v, i, (i) + 1, (i) + 2, (i) + 3, (i) + 4, (i) + 5, (i) + 6, (i) + 7)
#define WIDE(v) __builtin_convertvector(v, doubles16)
// Most turns of the table that are computed side by side.
#define TURNS 8

// `count` taps of 16 outputs of each channel, picked from the 32 samples at from[c] + t.
ALWAYS void columns_taps(const float *k, ptrdiff_t stride, const float *const *from, ptrdiff_t t, const ints16 *places,
                         floats16 (*sums)[4], int channels, int count) {
  floats16 low[2], high[2];
  _Pragma("unroll") for (int c = 0; c < channels; c++) low[c] = AT(from[c] + t), high[c] = AT(from[c] + t + 16);
  _Pragma("unroll") for (int j = 0; j < count; j++) {
    const floats16 one = AT(k + j * stride);
    _Pragma("unroll") for (int c = 0; c < channels; c++) sums[c][j % 4] += one * PICK(low[c], places[j], high[c]);
  }
}

// Taps first ..< end, multiples of 4. k: the coefficients of the first, then of the one at the end.
ALWAYS void columns_span(const float **k, ptrdiff_t stride, const float *const *from, ptrdiff_t first, ptrdiff_t end,
                         const ints16 *places, floats16 (*sums)[4], int channels, int reach) {
  ptrdiff_t t = first;
  _Pragma("clang loop unroll(disable)") for (; t + reach <= end; t += reach, *k += reach * stride)
    columns_taps(*k, stride, from, t, places, sums, channels, reach);
  if (t < end) columns_taps(*k, stride, from, t, places, sums, channels, 4), *k += 4 * stride;
}

// What the sums come to, which are 0 then. By way of memory: so they need not be moved across lanes to be widened.
ALWAYS doubles16 columns_flush(floats16 *sums) {
  float room[4][16];
  _Pragma("unroll") for (int j = 0; j < 4; j++) AT(room[j]) = sums[j], sums[j] = (floats16){0};
  __asm__("" : "+m"(room));
  return (WIDE(AT(room[0])) + WIDE(AT(room[2]))) + (WIDE(AT(room[1])) + WIDE(AT(room[3])));
}

// Taps of the filter's middle, `count` of them, a multiple of 4: 8 outputs of them from the first are picked from 16 samples.
ALWAYS doubles8 columns_middle(const double *d, ptrdiff_t stride, const float *x, ptrdiff_t count, const int *offsets,
                               doubles8 sum) {
  const longs8 places = __builtin_convertvector(*(const ints8 *)offsets - offsets[0], longs8);
  for (ptrdiff_t m = 0; m < count; m += 4, x += 4) {
    const doubles8 low = __builtin_convertvector(*(const floats8 *)x, doubles8);
    const doubles8 high = __builtin_convertvector(*(const floats8 *)(x + 8), doubles8);
    _Pragma("unroll") for (int j = 0; j < 4; j++, d += stride)
      sum += *(const doubles8 *)d * PICK_WIDE(low, places + j, high);
  }
  return sum;
}

// The outputs of 16 columns, the first of whose filters begins at from[c]; those of lanes skip ..< skip + count are written.
ALWAYS void columns_group(const struct syrinx_bank *b, ptrdiff_t column, const float *const *from, float *const *to,
                          ptrdiff_t skip, ptrdiff_t count, int channels, int reach, int middle) {
  const ptrdiff_t stride = b->stride, taps = b->steps;
  const int *offsets = b->offsets + column;
  const float *k = b->rows + column;
  ints16 places[8];
  floats16 sums[2][4];
  places[0] = *(const ints16 *)offsets - offsets[0];
  _Pragma("unroll") for (int j = 1; j < reach; j++) places[j] = places[0] + j;
  _Pragma("unroll") for (int c = 0; c < channels; c++)
    _Pragma("unroll") for (int j = 0; j < 4; j++) sums[c][j] = (floats16){0};
  doubles16 wide[2];
  if (middle) {
    // Up to the middle and on from there, with sums that begin anew.
    const ptrdiff_t first = b->middle_first, end = first + b->middle_count;
    columns_span(&k, stride, from, 0, first, places, sums, channels, reach);
    _Pragma("unroll") for (int c = 0; c < channels; c++) wide[c] = columns_flush(sums[c]);
    k += (end - first) * stride;
    columns_span(&k, stride, from, end, taps, places, sums, channels, reach);
  } else {
    columns_span(&k, stride, from, 0, taps, places, sums, channels, reach);
  }
  _Pragma("unroll") for (int c = 0; c < channels; c++) {
    floats16 sum;
    if (middle) {
      const double *d = b->middle + column;
      const float *x = from[c] + b->middle_first;
      doubles16 all = wide[c] + columns_flush(sums[c]);
      if (reach == 8) {
        const doubles8 low = columns_middle(d, stride, x, b->middle_count, offsets, EIGHT(all, 0));
        const doubles8 high =
            columns_middle(d + 8, stride, x + (offsets[8] - offsets[0]), b->middle_count, offsets + 8, EIGHT(all, 8));
        all = __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
      } else {
        for (ptrdiff_t m = 0; m < b->middle_count; m += 4, x += 4) {
          const floats16 low = AT(x), high = AT(x + 16);
          _Pragma("unroll") for (int j = 0; j < 4; j++, d += stride)
            all += *(const doubles16 *)d * WIDE(PICK(low, places[j], high));
        }
      }
      sum = __builtin_convertvector(all, floats16);
    } else {
      sum = (sums[c][0] + sums[c][2]) + (sums[c][1] + sums[c][3]);
    }
    if (count == 16) *(floats16 *)to[c] = sum;
    else _mm512_mask_storeu_ps(to[c] - skip, (__mmask16)(((1u << count) - 1) << skip), (__m512)sum);
  }
}

// Groups begin where lines of the cache do. Outputs that lie `columns` apart share coefficients: where a call is for whole turns
// of the table, some are computed side by side, so that all but the first find them in the nearest cache.
ALWAYS void columns_all(const struct syrinx_bank *b, struct syrinx_bank_place *place, const float *const *from,
                        float *const *to, ptrdiff_t channels, ptrdiff_t count, int reach, int middle) {
  const ptrdiff_t columns = b->columns, turn = columns / b->phases * b->advance;
  ptrdiff_t frame = place->frame, column = place->row;
  for (ptrdiff_t done = 0, turns; done < count; frame += (turns - 1) * turn) {
    ptrdiff_t each = columns;
    turns = (count - done) / columns;
    if (turns < 2) turns = 1, each = count - done;
    if (turns > TURNS) turns = TURNS;
    for (ptrdiff_t at = 0, n; at < each; at += n) {
      const ptrdiff_t skip = column % 16, first = column - skip;
      n = columns - column < 16 - skip ? columns - column : 16 - skip;
      if (n > each - at) n = each - at;
      const ptrdiff_t begin = frame - (b->offsets[column] - b->offsets[first]);
      for (ptrdiff_t t = 0; t < turns; t++) {
        const ptrdiff_t x = begin + t * turn, y = done + t * each + at;
        for (ptrdiff_t c = 0; c < channels; c += 2) {
          const ptrdiff_t other = c + 1 < channels ? c + 1 : c;
          const float *const in[2] = {from[c] + x, from[other] + x};
          float *const out[2] = {to[c] + y, to[other] + y};
          if (other > c) columns_group(b, first, in, out, skip, n, 2, reach, middle);
          else columns_group(b, first, in, out, skip, n, 1, reach, middle);
        }
      }
      frame += b->offsets[column + n] - b->offsets[column];
      column = column + n < columns ? column + n : 0;
    }
    done += turns * each;
  }
  place->frame = frame;
  place->row = column;
  place->phase = column * b->advance % b->phases;
}

#define ALL(reach, middle)                                                                                          \
  static __attribute__((noinline)) void columns_##reach##_##middle(                                                 \
      const struct syrinx_bank *b, struct syrinx_bank_place *place, const float *const *from, float *const *to,     \
      ptrdiff_t channels, ptrdiff_t count) {                                                                        \
    columns_all(b, place, from, to, channels, count, reach, middle);                                                \
  }
ALL(8, 0)
ALL(8, 1)
ALL(4, 0)
ALL(4, 1)
#undef ALL

static void run_columns(const struct syrinx_bank *b, struct syrinx_bank_place *place, const float *const *from,
                        float *const *to, ptrdiff_t channels, ptrdiff_t count) {
  if (b->reach == 8) (b->middle ? columns_8_1 : columns_8_0)(b, place, from, to, channels, count);
  else (b->middle ? columns_4_1 : columns_4_0)(b, place, from, to, channels, count);
}
#undef PICK
#undef PICK_WIDE
#undef EIGHT
#undef AT
#undef WIDE
#undef TURNS
