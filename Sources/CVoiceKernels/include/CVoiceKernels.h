// The one loop of the neural voice detector in which all its time goes, for vectors that Swift's build target does not have.
#ifndef CVOICEKERNELS_H
#define CVOICEKERNELS_H

#include <stdbool.h>
#include <stddef.h>

// Whether this processor has vectors of 256 bits and fused multiplication and addition (AVX2, FMA). False on others than x86.
bool syrinx_voice_has_wide_vectors(void);

// 32 outputs of a matrix product: to = from + Σ weights · input; negative ones become 0 if `rectifies`.
//
// weights: rows of 32 for each of `count` inputs. weights, from and to: aligned to 64 bytes; to may be from.
// wide: with the vectors that syrinx_voice_has_wide_vectors told of. Sums differ by rounding.
//
// Plain arithmetic: calls nothing, so it may run on the render thread.
void syrinx_voice_product(const float *weights, const float *input, size_t count, const float *from, float *to,
                          bool rectifies, bool wide);

#endif
