// The arithmetic of partitioned convolution, for vectors that Swift's build target does not have.
//
// A block of 2·n real samples x is taken as n complex ones, z[k] = x[k] + i·x[n + k], and turned by exp(iπk/2n). The complex
// transform of that multiplies as polynomials modulo x^2n + 1 do: the product with a response of n taps gives the second
// half of the block exactly as direct convolution would. So there is no step that takes two real transforms apart, and no
// bin is special. (R. Crandall, B. Fagin, "Discrete weighted transforms and large-integer arithmetic", Math. Comp. 62
// (1994), right-angle convolution.)
//
// The order of the bins is whatever the transform leaves, the same for signals and responses. Bins come in tiles of 64: 64
// real parts, then 64 imaginary parts. Every function can do a part of its work, so that it can be spread over time.
//
// All pointers but those marked `any` are aligned to 64 bytes. `wide`: with the vectors that
// syrinx_convolution_has_wide_vectors told of; sums differ by rounding. Plain arithmetic that calls nothing: may render.
#ifndef CCONVOLUTIONKERNELS_H
#define CCONVOLUTIONKERNELS_H

#include <stdbool.h>
#include <stddef.h>

// Whether this processor has vectors of 256 bits and fused multiplication and addition (AVX2, FMA). False on others than x86.
bool syrinx_convolution_has_wide_vectors(void);

// z[k] = (first[k] + i·second[k]) · exp(iπk/2n) for begin ≤ k < end, both multiples of 8.
// twist: n cosines, n sines. z: n real parts, n imaginary parts.
void syrinx_convolution_load(const float *first, const float *second, const float *twist, float *z, size_t n, size_t begin,
                             size_t end, bool wide);

// One stage of the transform, to and fro, in place: butterflies begin ≤ b < end of all the stage's n / (8·radix).
// block: points that the stage's transforms have. radix: 4 (block ≥ 32), or 2 (block ≥ 16).
// turns: for each power of w = exp(−2πi/block) below the radix but 0, block/radix real parts and as many imaginary parts.
void syrinx_convolution_forward(float *z, size_t n, size_t block, size_t radix, const float *turns, size_t begin,
                                size_t end, bool wide);
void syrinx_convolution_backward(float *z, size_t n, size_t block, size_t radix, const float *turns, size_t begin,
                                 size_t end, bool wide);

// The last stage, of transforms of 8 points: 64 points of z, beginning at 64·tile, become one tile of bins.
void syrinx_convolution_finish(const float *z, size_t n, size_t tile, float *bins, bool wide);

// The other way round.
void syrinx_convolution_begin(const float *bins, float *z, size_t n, size_t tile, bool wide);

// bins (one tile) += Σ over `count` tiles in a row of signal · response.
void syrinx_convolution_product(const float *signal, const float *response, size_t count, float *bins, bool wide);

// The imaginary part of z[k] · exp(−iπk/2n) for begin ≤ k < end, multiples of 8.
void syrinx_convolution_unload(const float *z, const float *twist, float *to, size_t n, size_t begin, size_t end, bool wide);

// to[k] (+)= Σ taps[j] · signal[k − j] for j < count; signal and taps: any. Written and read up to the next multiple of 32
// of frames; each sample's sum has the same order wherever in a block it lies.
void syrinx_convolution_direct(const float *signal, const float *taps, size_t count, float *to, size_t frames, bool adds,
                               bool wide);

#endif
