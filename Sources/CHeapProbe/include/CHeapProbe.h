// Counts calls of the heap on the calling thread. For tests only: it replaces malloc and free in the whole program.
#ifndef CHEAPPROBE_H
#define CHEAPPROBE_H

#include <stdbool.h>
#include <stdint.h>

// How often this thread has allocated, grown or freed memory since it began. Always 0 where the probe is off.
uint64_t syrinx_heap_calls(void);

// False: the program runs under a sanitizer, which has a heap of its own, and nothing is counted.
bool syrinx_heap_probe_is_on(void);

#endif
