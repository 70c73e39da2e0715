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

// The most phases of a bank of streams, and the most streams.
enum { SYRINX_STREAMS_PHASES = 8, SYRINX_STREAMS_MOST = 32 };

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
// Four sums, of every fourth tap each, then (0 + 2) + (1 + 3); where the filter's middle is apart, all that for the taps before it
// and for those after it, which are added in double precision, then the middle.
//
// Streams (streams > 0): lanes are pairs of outputs of one phase. Such outputs lie `advance` inputs apart, and so do the inputs of
// one class, of which there are `advance`. A filter is computed from the last multiple of `advance` inputs on that is not after
// where it begins; before that it is 0. Of one class, let u be the inputs in even places and v those in odd ones, u' the u that
// follow each v, and a and b the coefficients of steps 0, 2, … and 1, 3, …. The outputs of a pair are a·u + b·v and
// a·v + b·u', which is
//
//     (a + b)·v + a·(u − v)   and   (a + b)·v + b·(u' − v):
//
// three sums in the place of four, of differences that are taken once, as samples come in. This is a fast FIR algorithm for two
// outputs: Z.-J. Mou, P. Duhamel, "Short-length FIR filters and their use in fast nonrecursive filtering", IEEE Trans. Signal
// Processing 39, 1991. The filter's middle, where it is apart, is summed as it stands.
//
// In memory each class has four lines of `stream` floats: v, u − v, u' − v, u, where a pair has the same place in all.
// Coefficients lie part by part (a + b, a, b), in each class by class, in a class run by run of steps that lie `lanes` apart.
// Every fourth run belongs to one sum, over all classes; the four are added in order.
struct syrinx_bank {
  const float *rows;        // row r begins at rows + r * stride; in streams those of phase r, in columns that of tap r
  ptrdiff_t stride;         // floats from row to row
  ptrdiff_t lanes;          // syrinx_vector_lanes of what runs it
  ptrdiff_t taps;           // inputs of an output; in streams of all that is computed with it
  ptrdiff_t behind;         // of them, those up to the one at, or just before, its instant
  ptrdiff_t phases;         // an output moves by advance / phases inputs
  ptrdiff_t advance;
  ptrdiff_t steps;          // rows: vectors that an output looks at; columns: taps, a multiple of 4, the last ones perhaps 0;
                            // streams: coefficients of a class in each part, a multiple of 4
  ptrdiff_t grid;           // rows, > 0: a row for each pair of place (mod lanes) and phase; places lie on multiples of grid / phases
  ptrdiff_t blended;        // rows, > 0: rows stand for this many phases, with one more before and two after
  ptrdiff_t columns;        // columns: outputs of a turn of the table, a multiple of phases
  ptrdiff_t reach;          // columns: how many taps are picked from the same 32 samples, 8 or 4
  const int *offsets;       // columns: frames from the first output's beginning to each one's, of columns + 16 outputs
  ptrdiff_t inverse;        // columns: phase · inverse mod phases is a column that a phase has
  ptrdiff_t streams;        // streams: the number of classes, advance
  const double *middle;     // the largest coefficients, to be summed in double precision, as their roundings would be the largest; or null
  ptrdiff_t middle_first;   // the tap with which they begin; in streams the place in a and b
  ptrdiff_t middle_count;   // doubles from phase to phase; in columns taps, `stride` doubles apart; in both a multiple of 4
  ptrdiff_t middle_steps;   // streams: how many places of a class, of two coefficients each
};

// Where the next output's filter begins.
struct syrinx_bank_place {
  ptrdiff_t frame;     // in the samples' memory
  ptrdiff_t phase;     // 0 ..< phases
  ptrdiff_t row;       // with grid: (frame mod lanes · phases + phase) / grid; with columns: the column
};

// Copies samples into memory from frame `first` on; those that are not finite, or larger than 2^124, as 0.
//
// streams: the bank's; stream: floats from line to line. With streams one float before the memory and, of each line, 16 behind
// what is written are touched, too.
void syrinx_bank_append(const float *from, float *to, ptrdiff_t first, ptrdiff_t count, ptrdiff_t streams, ptrdiff_t stream,
                        int vectors);

// Computes count outputs of each channel, and moves the place on.
//
// from: each channel's memory, finite, readable for 3 · 16 outputs beyond the last; with columns, for 32 inputs before the first,
// too. stream: floats from line to line.
// scratch: where blended, 16 · (middle_count doubles + stride floats). vectors: at most what the machine has.
//
// Plain arithmetic: calls nothing, so it may run on the render thread.
void syrinx_bank_run(const struct syrinx_bank *bank, struct syrinx_bank_place *place, const float *const *from,
                     ptrdiff_t stream, float *const *to, ptrdiff_t channels, ptrdiff_t count, void *scratch, int vectors);

#endif
