// The inner loops of the rational resampler, for vectors that Swift's build target does not have, and its filters.
#ifndef CRESAMPLEKERNELS_H
#define CRESAMPLEKERNELS_H

#include <stddef.h>

// Which vectors the loops work with. All give the same sums but for rounding: the wider two fuse product and addition.
enum syrinx_vectors {
  SYRINX_VECTORS_PORTABLE = 0,
  SYRINX_VECTORS_AVX2 = 1,
  SYRINX_VECTORS_AVX512 = 2,
};

// The widest vectors that this processor has.
int syrinx_widest_vectors(void);

// How many samples such a vector holds: 8 or 16. Tables are laid out for it.
int syrinx_vector_lanes(int vectors);

// Puts the low-pass of a design (0 fast … 3 best) in the place of times, in samples of the lower rate. It is 1 at 0 Hz; symmetric
// about 0, and zero from half its taps on; or of minimum phase: the same gain, in [−delay, taps − delay], so that low frequencies
// lie as with the other. Calls libm; not for the render thread.
void syrinx_filter(int design, int minimum, double *values, size_t count);
int syrinx_filter_taps(int design);
double syrinx_filter_delay(int design);

// 2·cutoff·sinc(2·cutoff·t) times Kaiser's window, zero for |t| ≥ half. time, half: in samples; cutoff: in cycles a sample.
double syrinx_kaiser_sinc(double time, double half, double cutoff, double beta);

// A bank of filters, one for each position of an output between two inputs; laid out in one of three ways.
//
// Rows: lanes are neighbouring inputs of one output. Samples are taken a vector at a time from places that are multiples of
// `lanes`, whatever place the filter begins at: the filter moves, not the samples, so that neighbouring outputs share what is
// loaded. For ratios of many phases. A sum has one order, whatever is computed with it: lane by lane from the filter's beginning
// to its end, then halves upon halves.
//
// Columns (columns > 0; only where vectors have 16 lanes): the same ratios, but lanes are neighbouring outputs, which are made of
// 32 neighbouring inputs at most as far as one tap is concerned: each lane picks its own. So nothing is summed across lanes.
// Coefficients lie tap by tap, those of neighbouring outputs side by side, in the order in which outputs follow each other.
// Four sums, of every fourth tap each, then (0 + 2) + (1 + 3); where the filter's middle is apart, all that in double precision
// for the taps up to it and for those from it on, then the middle.
//
// Streams (streams > 0): lanes are outputs of one phase, which lie `advance` inputs apart; inputs that lie so far apart are
// neighbours in memory, in `advance` streams. A coefficient serves all lanes, and the two samples that a symmetric filter weighs
// alike are added before they are multiplied. A filter's half has advance classes of coefficients, one for each stream, and is
// summed in this order: the outer coefficients class by class, in each those that lie `lanes` apart one after the other, with a
// sum of their own, and where lanes are 16 first those of the first 8 of all classes, then the others; then the inner ones,
// nearer to the filter's middle; then its middle. Where a filter is not symmetric, first the outer ones of its left half, then
// of its right; and left and right in turn. Outer ones come in whole vectors: `pad` of them lie beyond the filter's end and are 0.
struct syrinx_bank {
  const float *rows;        // row r begins at rows + r * stride; in streams that of phase r, in columns that of tap r
  ptrdiff_t stride;         // floats from row to row
  ptrdiff_t lanes;          // syrinx_vector_lanes of what runs it
  ptrdiff_t taps;           // inputs of an output; even in streams
  ptrdiff_t behind;         // of them, those up to the one at, or just before, its instant
  ptrdiff_t phases;         // an output moves by advance / phases inputs
  ptrdiff_t advance;
  ptrdiff_t steps;          // rows: vectors that an output looks at; columns: taps, a multiple of 4, the last ones perhaps 0
  ptrdiff_t grid;           // rows, > 0: a row for each pair of place (mod lanes) and phase; places lie on multiples of grid / phases
  ptrdiff_t blended;        // rows, > 0: rows stand for this many phases, with one more before and two after
  ptrdiff_t columns;        // columns: outputs of a turn of the table, a multiple of phases
  ptrdiff_t reach;          // columns: how many taps are picked from the same 32 samples, 8 or 4
  const int *offsets;       // columns: frames from the first output's beginning to each one's, of columns + 16 outputs
  ptrdiff_t inverse;        // columns: phase · inverse mod phases is a column that a phase has
  ptrdiff_t streams;        // streams: their number, advance
  ptrdiff_t outer;          // streams: coefficients of a class: a multiple of lanes, of which the first `pad` are 0,
  ptrdiff_t inner;          // then inner, then middle_steps
  ptrdiff_t middle_steps;
  ptrdiff_t pad;
  const double *middle;     // the largest coefficients, to be summed in double precision, as their roundings would be the largest; or null
  ptrdiff_t middle_first;   // rows and columns: the tap with which they begin
  ptrdiff_t middle_count;   // doubles from phase to phase; in columns taps, `stride` doubles apart; in both a multiple of 4
};

// Where the next output's filter begins.
struct syrinx_bank_place {
  ptrdiff_t frame;     // in the samples' memory
  ptrdiff_t phase;     // 0 ..< phases
  ptrdiff_t row;       // with grid: (frame mod lanes · phases + phase) / grid; with columns: the column
};

// Copies samples into memory, frame first + i to stream (first + i) mod streams; those that are not finite, or larger than 2^126,
// as 0.
//
// streams: at least 1; stream: floats from stream to stream.
void syrinx_bank_append(const float *from, float *to, ptrdiff_t first, ptrdiff_t count, ptrdiff_t streams, ptrdiff_t stream);

// Computes count outputs of each channel, and moves the place on.
//
// from: each channel's memory, finite, readable for 3 · 16 outputs beyond the last; with columns, for 32 inputs before the first,
// too; with streams, each `stream` floats behind the one before, and readable for `pad` samples more at both ends.
// scratch: where blended, 16 · (middle_count doubles + stride floats). vectors: at most what the machine has.
//
// Plain arithmetic: calls nothing, so it may run on the render thread.
void syrinx_bank_run(const struct syrinx_bank *bank, struct syrinx_bank_place *place, const float *const *from,
                     ptrdiff_t stream, float *const *to, ptrdiff_t channels, ptrdiff_t count, void *scratch, int vectors);

#endif
