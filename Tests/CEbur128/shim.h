// libebur128: loudness by EBU R128.
#ifndef CEBUR128_SHIM_H
#define CEBUR128_SHIM_H

#include <ebur128.h>

// The modes that ``LoudnessMeter`` asks for. In histogram mode the library allocates nothing after ebur128_init.
static inline int syrinx_ebur128_mode(int true_peak) {
  return EBUR128_MODE_I | EBUR128_MODE_LRA | EBUR128_MODE_S | EBUR128_MODE_M | EBUR128_MODE_HISTOGRAM |
         (true_peak ? EBUR128_MODE_TRUE_PEAK : EBUR128_MODE_SAMPLE_PEAK);
}

static inline int syrinx_ebur128_dual_mono(void) { return EBUR128_DUAL_MONO; }

#endif
