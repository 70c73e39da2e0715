// What libzita-convolver costs for the same work as Figures/main.swift: see README.md.
//
// With its threads the library does the work of its longer partitions beside the caller; so the process's CPU time tells the
// cost, and the caller's own time, cycle by cycle, only what is left in it.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <sched.h>
#include <vector>
#include <zita-convolver.h>

static double now(clockid_t clock) {
  timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

int main(int argc, char **argv) {
  const unsigned rate = 48000, frames = argc > 1 ? atoi(argv[1]) : 64, taps = 10 * rate;
  const double seconds = argc > 2 ? atof(argv[2]) : 60;
  Convproc convolver;
  convolver.set_options(0);
  if (convolver.configure(2, 2, taps, frames, frames, Convproc::MAXPART, 0.0f)) return 1;
  for (int k = 0; k < 2; k++) {
    std::vector<float> response(taps);
    uint64_t state = 0x9E3779B97F4A7C15ull * (k + 1) | 1;
    for (unsigned j = 0; j < taps; j++) {
      state ^= state << 13, state ^= state >> 7, state ^= state << 17;
      response[j] = (int32_t)(state >> 32) / 2147483648.0f * expf(-6.9f * j / taps) * 0.01f;
    }
    if (convolver.impdata_create(k, k, 1, response.data(), 0, taps)) return 1;
  }
  if (convolver.start_process(0, SCHED_OTHER)) return 1;
  const long cycles = (long)(seconds * rate) / frames;
  std::vector<double> walls;
  uint64_t state = 77;
  const long first = 12L * rate / frames < cycles / 2 ? 12L * rate / frames : cycles / 2;
  double cpu = 0;
  for (long index = 0; index < cycles; index++) {
    if (index == first) cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    for (int k = 0; k < 2; k++) {
      float *input = convolver.inpdata(k);
      for (unsigned j = 0; j < frames; j++) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        input[j] = (int32_t)(state >> 32) / 2147483648.0f;
      }
    }
    const double before = now(CLOCK_MONOTONIC);
    convolver.process(true);
    walls.push_back(now(CLOCK_MONOTONIC) - before);
  }
  cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
  convolver.stop_process();
  convolver.cleanup();
  walls.erase(walls.begin(), walls.begin() + first);
  std::sort(walls.begin(), walls.end());
  const double period = frames / (double)rate, scale = 1e5 / period;
  printf("zita-convolver %d.%d.%d, %u frames, stereo response of 10 s\n", zita_convolver_major_version(),
         zita_convolver_minor_version(), 3, frames);
  printf("caller's wall, thousandths of a percent of the period: p50 %.0f p99.9 %.0f max %.0f\n", scale * walls[walls.size() / 2],
         scale * walls[walls.size() * 999 / 1000], scale * walls.back());
  printf("CPU of the process, the same: mean %.0f\n", scale * cpu / walls.size());
}
