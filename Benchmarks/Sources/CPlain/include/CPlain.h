// The same work as one would write it in C for one job, compiled for this machine: what kernels are measured against.
#ifndef CPLAIN_H
#define CPLAIN_H

#include <stdint.h>

void plain_copy(const float *from, float *to, long count);
void plain_gain(float *samples, float gain, long count);
void plain_mix(const float *a, float x, const float *b, float y, float *to, long count);
void plain_read_s16(const int16_t *from, float *left, float *right, long frames);
void plain_read_s24(const uint8_t *from, float *left, float *right, long frames);
void plain_read_f32(const float *from, float *left, float *right, long frames);
void plain_write_s16(const float *left, const float *right, int16_t *to, long frames);
void plain_write_s16_dithered(const float *left, const float *right, int16_t *to, long frames, uint32_t *seed);
void plain_write_s24(const float *left, const float *right, uint8_t *to, long frames);
void plain_write_f32(const float *left, const float *right, float *to, long frames);

// A cascade of sections b0 b1 b2 a1 a2 over stereo in double precision; state: 4 numbers for each section.
void plain_biquads(float *left, float *right, const double *coefficients, double *state, long sections, long frames);

#endif
