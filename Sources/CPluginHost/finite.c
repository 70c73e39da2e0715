#include "CPluginHost.h"

// A sum of x · 0 stays 0 while every x is finite, and is NaN from the first that is not. Eight sums keep the additions apart.
// Vectors of four: what was just written by such is not handed on to wider loads.
#define SUM(multiply_add)                                                                            \
  floats sums[8] = {0};                                                                              \
  size_t k = 0;                                                                                      \
  for (; k + 32 <= count; k += 32)                                                                   \
    for (int part = 0; part < 8; part++)                                                             \
      sums[part] = multiply_add(*(const floats *)(samples + k + 4 * part), sums[part]);              \
  for (; k + 4 <= count; k += 4) sums[0] = multiply_add(*(const floats *)(samples + k), sums[0]);    \
  float rest = 0;                                                                                    \
  for (; k < count; k++) rest += samples[k] * 0;                                                     \
  for (int part = 0; part < 4; part++) sums[part] += sums[part + 4];                                 \
  const floats all = (sums[0] + sums[1]) + (sums[2] + sums[3]);                                      \
  return rest == 0 && __builtin_reduce_and(all == 0) != 0

// The same for every channel of some ports.
#define PORTS(is_finite)                                                        \
  for (uint32_t k = 0; k < count; k++)                                          \
    for (uint32_t c = 0; c < ports[k].channel_count; c++)                       \
      if (!is_finite(ports[k].channels[c], ports[k].frames)) return 0;          \
  return 1

typedef float floats __attribute__((vector_size(16), aligned(4), may_alias));

static int portable(const float *samples, size_t count) {
#define MULTIPLY_ADD(x, sum) ((sum) + (x) * 0)
  SUM(MULTIPLY_ADD);
}

static int portable_ports(const syrinx_buffer *ports, uint32_t count) { PORTS(portable); }

#if defined(__x86_64__)
__attribute__((target("fma"))) static int fused(const float *samples, size_t count) {
  const floats zero = {0};
#define FUSED(x, sum) __builtin_elementwise_fma(x, zero, sum)
  SUM(FUSED);
}

__attribute__((target("fma"))) static int fused_ports(const syrinx_buffer *ports, uint32_t count) { PORTS(fused); }

// Asked once, before any thread renders.
static int has_fma;
__attribute__((constructor)) static void look(void) {
  __builtin_cpu_init();
  has_fma = __builtin_cpu_supports("fma");
}

int syrinx_ports_finite(const syrinx_buffer *ports, uint32_t count) {
  return has_fma ? fused_ports(ports, count) : portable_ports(ports, count);
}
#else
int syrinx_ports_finite(const syrinx_buffer *ports, uint32_t count) { return portable_ports(ports, count); }
#endif
