// Copies samples to where the loops read them. Included once for each kind of vectors: LANES samples each.

#define AT(p) (*(floats *)(p))
#define BITS(p) (*(const ints *)(p))
// LANES samples; those that are not finite, or larger than 2^124, as 0.
#define FINITE(p) ((floats)(BITS(p) & ((floats)(BITS(p) & 0x7fffffff) <= (floats){0} + 0x1p124f)))

static void VECTORS(copy)(const float *from, float *to, ptrdiff_t count) {
  ptrdiff_t i = 0;
  for (; i + LANES <= count; i += LANES) AT(to + i) = FINITE(from + i);
  for (; i < count; i++) to[i] = finite(from[i]);
}

// LANES pairs of one class from pair q on; lines: where the class lies.
#define PAIRS(a, b, lines, q)                                                       \
  do {                                                                              \
    float *at = (lines) + (q);                                                      \
    const floats one = a, other = b, before = (floats){0} + at[-1];                 \
    const floats even = EVENS(one, other), odd = ODDS(one, other);                  \
    AT(at) = odd;                                                                   \
    AT(at + stream) = even - odd;                                                   \
    AT(at + 2 * stream - 1) = even - BEHIND(before, odd);                           \
    AT(at + 3 * stream) = even;                                                     \
  } while (0)

// Samples of `streams` classes in turn, the first of class 0, to pairs from `q` on: `groups` times LANES of each class.
static void VECTORS(deal)(const float *from, float *to, ptrdiff_t groups, ptrdiff_t streams, ptrdiff_t stream, ptrdiff_t q) {
  if (streams == 1) {
    for (; groups > 0; groups--, from += 2 * LANES, q += LANES) {
      const floats a = FINITE(from), b = FINITE(from + LANES);
      PAIRS(a, b, to, q);
    }
  } else if (streams == 2) {
    for (; groups > 0; groups--, from += 4 * LANES, q += LANES) {
      const floats a = FINITE(from), b = FINITE(from + LANES);
      const floats c = FINITE(from + 2 * LANES), d = FINITE(from + 3 * LANES);
      const floats ab = EVENS(a, b), cd = EVENS(c, d), ba = ODDS(a, b), dc = ODDS(c, d);
      PAIRS(ab, cd, to, q);
      PAIRS(ba, dc, to + 4 * stream, q);
    }
  } else if (streams == 3) {
    for (; groups > 0; groups--, from += 6 * LANES, q += LANES) {
      const floats a = FINITE(from), b = FINITE(from + LANES), c = FINITE(from + 2 * LANES);
      const floats d = FINITE(from + 3 * LANES), e = FINITE(from + 4 * LANES), f = FINITE(from + 5 * LANES);
      PAIRS(THIRDS_0(a, b, c), THIRDS_0(d, e, f), to, q);
      PAIRS(THIRDS_1(a, b, c), THIRDS_1(d, e, f), to + 4 * stream, q);
      PAIRS(THIRDS_2(a, b, c), THIRDS_2(d, e, f), to + 8 * stream, q);
    }
  } else {
    for (; groups > 0; groups--, from += 2 * LANES * streams, q += LANES) {
      for (ptrdiff_t m = 0; m < streams; m++) {
        float room[2 * LANES];
        for (ptrdiff_t i = 0; i < 2 * LANES; i++) room[i] = from[m + i * streams];
        const floats a = FINITE(room), b = FINITE(room + LANES);
        PAIRS(a, b, to + 4 * m * stream, q);
      }
    }
  }
}

static void VECTORS(append)(const float *from, float *to, ptrdiff_t first, ptrdiff_t count, ptrdiff_t streams,
                            ptrdiff_t stream) {
  if (streams == 0) {
    VECTORS(copy)(from, to + first, count);
    return;
  }
  // Whole groups of LANES pairs. Of the pair that is under way the samples that are there are dealt once more; what is not there
  // yet is 0, and comes with the next call.
  const ptrdiff_t pair = 2 * streams, group = pair * LANES;
  ptrdiff_t q = first / pair, old = first % pair;
  for (ptrdiff_t i = 0, some; i < count; i += some) {
    if (old == 0 && count - i >= group) {
      some = (count - i) / group * group;
      VECTORS(deal)(from + i, to, some / group, streams, stream, q);
      q += some / pair;
      continue;
    }
    if (count - i <= 8) {
      for (ptrdiff_t j = i; j < count; j++) deal_one(from[j], to, first + j, streams, stream);
      return;
    }
    float samples[2 * SYRINX_STREAMS_MOST * LANES];
    some = count - i < group - old ? count - i : group - old;
    for (ptrdiff_t m = 0; m < streams && m < old; m++) {
      const float *odd = to + 4 * m * stream + q;
      samples[m] = odd[3 * stream];
      samples[m + streams] = *odd;
    }
    for (ptrdiff_t j = 0; j < some; j++) samples[old + j] = from[i + j];
    for (ptrdiff_t j = old + some; j < group; j++) samples[j] = 0;
    VECTORS(deal)(samples, to, 1, streams, stream, q);
    q += LANES;
    old = 0;
  }
}
#undef AT
#undef BITS
#undef FINITE
#undef PAIRS
