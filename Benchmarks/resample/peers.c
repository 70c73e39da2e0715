// What libsoxr and libsamplerate cost for stereo in blocks of 1024 input frames, on one thread; beside.py runs it in turn with ours.
//
//   cc -O2 peers.c -lsoxr -lsamplerate -o peers && ./peers RATE_IN RATE_OUT
//
// Prints CPU ns a frame of the output of soxr HQ, soxr VHQ and libsamplerate's best; and of soxr HQ in calls of 64 frames.
#include <samplerate.h>
#include <soxr.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BLOCK = 1024, FRAMES = 400000 };

static float noise[2 * BLOCK], result[2 * BLOCK * 64];

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double soxr(double in, double out, unsigned long recipe, size_t block) {
  const soxr_quality_spec_t quality = soxr_quality_spec(recipe, 0);
  const soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
  soxr_t s = soxr_create(in, out, 2, NULL, &io, &quality, NULL);
  const double start = now();
  long made = 0;
  while (made < FRAMES) {
    size_t taken, given;
    soxr_process(s, noise, block, &taken, result, BLOCK * 64, &given);
    made += (long)given;
  }
  const double time = (now() - start) / (double)made;
  soxr_delete(s);
  return time;
}

static double samplerate(double in, double out) {
  int code;
  SRC_STATE *s = src_new(SRC_SINC_BEST_QUALITY, 2, &code);
  const double start = now();
  long made = 0;
  while (made < FRAMES / 16) {
    SRC_DATA d = {noise, result, BLOCK, BLOCK * 64, 0, 0, 0, out / in};
    src_process(s, &d);
    made += d.output_frames_gen;
  }
  const double time = (now() - start) / (double)made;
  src_delete(s);
  return time;
}

int main(int count, char **words) {
  if (count != 3) return fprintf(stderr, "usage: %s RATE_IN RATE_OUT\n", words[0]), 64;
  const double in = atof(words[1]), out = atof(words[2]);
  for (int i = 0; i < 2 * BLOCK; i++) noise[i] = (float)rand() / (float)RAND_MAX - 0.5f;
  printf("%f %f %f %f\n", soxr(in, out, SOXR_HQ, BLOCK), soxr(in, out, SOXR_VHQ, BLOCK), samplerate(in, out),
         soxr(in, out, SOXR_HQ, 64));
  return 0;
}
