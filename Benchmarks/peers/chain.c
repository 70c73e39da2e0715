// chain GAINS SECONDS: so many gains over stereo at 48 kHz in blocks of 1024 frames, in place, a loop for each gain.
#include <stdio.h>
#include <stdlib.h>

enum { frames = 1024 };

__attribute__((noinline)) static void scale(float *samples, float gain) {
  for (int k = 0; k < frames; k++) samples[k] *= gain;
}

int main(int count, char **words) {
  static float left[frames], right[frames];
  const long gains = count > 1 ? atol(words[1]) : 1, seconds = count > 2 ? atol(words[2]) : 1;
  for (int k = 0; k < frames; k++) left[k] = right[k] = 0.25f;
  for (long block = 0; block < seconds * 48000 / frames; block++) {
    for (long gain = 0; gain < gains; gain++) {
      const float factor = gain % 2 == 0 ? 0.70794578438f : 1.41253754462f;
      scale(left, factor);
      scale(right, factor);
    }
    // The level stays where it is, whatever the number of gains.
    if (gains % 2 == 1) {
      scale(left, 1.41253754462f);
      scale(right, 1.41253754462f);
    }
  }
  printf("%g\n", (double)(left[0] + right[frames - 1]));
}
