#include "CPluginHost.h"

// A sum of x · 0 stays 0 while every x is finite, and is NaN from the first that is not. Four sums keep the additions apart.
#define PORTS(LANES, multiply_add)                                                                   \
  for (uint32_t p = 0; p < port_count; p++) {                                                        \
    for (uint32_t c = 0; c < ports[p].channel_count; c++) {                                          \
      const float *samples = ports[p].channels[c];                                                   \
      const size_t count = ports[p].frames;                                                          \
      floats sums[4] = {{0}, {0}, {0}, {0}};                                                         \
      size_t k = 0;                                                                                  \
      for (; k + 4 * LANES <= count; k += 4 * LANES)                                                 \
        for (int part = 0; part < 4; part++)                                                         \
          sums[part] = multiply_add(*(const floats *)(samples + k + LANES * part), sums[part]);      \
      for (; k + LANES <= count; k += LANES)                                                         \
        sums[0] = multiply_add(*(const floats *)(samples + k), sums[0]);                             \
      float rest = 0;                                                                                \
      for (; k < count; k++) rest += samples[k] * 0;                                                 \
      const floats all = (sums[0] + sums[1]) + (sums[2] + sums[3]);                                  \
      if (rest != 0 || !__builtin_reduce_and(all == 0)) return 0;                                    \
    }                                                                                                \
  }                                                                                                  \
  return 1

static int portable(const syrinx_buffer *ports, uint32_t port_count) {
  typedef float floats __attribute__((vector_size(16), aligned(4), may_alias));
#define MULTIPLY_ADD(x, sum) ((sum) + (x) * 0)
  PORTS(4, MULTIPLY_ADD);
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static int wide(const syrinx_buffer *ports, uint32_t port_count) {
  typedef float floats __attribute__((vector_size(32), aligned(4), may_alias));
  const floats zero = {0};
#define FUSED(x, sum) __builtin_elementwise_fma(x, zero, sum)
  PORTS(8, FUSED);
}

// Asked once, before any thread renders.
static int is_wide;
__attribute__((constructor)) static void look(void) {
  __builtin_cpu_init();
  is_wide = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

int syrinx_ports_finite(const syrinx_buffer *ports, uint32_t count) {
  return is_wide ? wide(ports, count) : portable(ports, count);
}
#else
int syrinx_ports_finite(const syrinx_buffer *ports, uint32_t count) { return portable(ports, count); }
#endif
