#include "CHeapProbe.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer) || \
    __has_feature(realtime_sanitizer)
#define SYRINX_SANITIZED 1
#endif
#endif

#if defined(SYRINX_SANITIZED) || !defined(__GLIBC__) && !defined(__linux__)

uint64_t syrinx_heap_calls(void) { return 0; }
bool syrinx_heap_probe_is_on(void) { return false; }

#else

#include <errno.h>
#include <stddef.h>

// glibc's own names for what is replaced here.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *memory);

// Lies in the program's own block of thread-local memory, so that counting never allocates.
static _Thread_local __attribute__((tls_model("initial-exec"))) uint64_t calls;

uint64_t syrinx_heap_calls(void) { return calls; }
bool syrinx_heap_probe_is_on(void) { return true; }

void *malloc(size_t size) {
  calls++;
  return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  calls++;
  return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
  calls++;
  return __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size) {
  calls++;
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  calls++;
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
  calls++;
  void *result = __libc_memalign(alignment, size);
  if (!result) return ENOMEM;
  *memory = result;
  return 0;
}

void free(void *memory) {
  if (memory) calls++;
  __libc_free(memory);
}

#endif
