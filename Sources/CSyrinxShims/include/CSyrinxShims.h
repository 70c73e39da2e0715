// What Swift cannot say: the floating-point mode, the cycle counter, a futex, a thread's name, and the marks of
// RealtimeSanitizer.
#ifndef CSYRINX_SHIMS_H
#define CSYRINX_SHIMS_H

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// Reads the processor's cycle counter. Monotonic on one core; its frequency is measured, not assumed.
static inline uint64_t syrinx_cycle_counter(void) {
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
  uint64_t value;
  __asm__ volatile("mrs %0, cntvct_el0" : "=r"(value));
  return value;
#else
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
#endif
}

// Flushes denormals to zero on this thread and returns the mode that was set before.
static inline uint64_t syrinx_float_mode_enter(void) {
#if defined(__x86_64__)
  uint32_t before = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(before | 0x8040u);  // FTZ and DAZ
  return before;
#elif defined(__aarch64__)
  uint64_t before;
  __asm__ volatile("mrs %0, fpcr" : "=r"(before));
  __asm__ volatile("msr fpcr, %0" ::"r"(before | (1u << 24)));  // FZ
  return before;
#else
  return 0;
#endif
}

// Restores the mode that `syrinx_float_mode_enter` returned.
static inline void syrinx_float_mode_leave(uint64_t before) {
#if defined(__x86_64__)
  __builtin_ia32_ldmxcsr((uint32_t)before);
#elif defined(__aarch64__)
  __asm__ volatile("msr fpcr, %0" ::"r"(before));
#else
  (void)before;
#endif
}

// Names the thread that calls; the system keeps the first 15 bytes.
static inline void syrinx_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

// Asks for SCHED_FIFO for this thread; what it starts does not inherit it. Returns 0 or an errno.
static inline int syrinx_schedule_fifo(int priority) {
  struct sched_param wanted = {.sched_priority = priority};
#ifdef SCHED_RESET_ON_FORK
  return pthread_setschedparam(pthread_self(), SCHED_FIFO | SCHED_RESET_ON_FORK, &wanted);
#else
  return pthread_setschedparam(pthread_self(), SCHED_FIFO, &wanted);
#endif
}

// The highest real-time priority that this user may ask for; 0: none.
static inline int syrinx_realtime_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_RTPRIO, &limit) != 0) return 0;
  return limit.rlim_cur > 99 ? 99 : (int)limit.rlim_cur;
}

// Touches 256 KiB of this thread's stack below the caller and locks them. Returns 0 or an errno.
__attribute__((noinline)) static int syrinx_lock_stack(void) {
  enum { size = 256 * 1024, page = 4096 };
  volatile char stack[size];
  for (int at = 0; at < size; at += page) stack[at] = 0;
  return mlock((const void *)stack, size) == 0 ? 0 : errno;
}

// RealtimeSanitizer's marks. Weak: nothing happens unless the sanitizer's runtime is linked.
extern void __rtsan_realtime_enter(void) __attribute__((weak));
extern void __rtsan_realtime_exit(void) __attribute__((weak));

static inline void syrinx_realtime_enter(void) {
  if (__rtsan_realtime_enter) __rtsan_realtime_enter();
}

static inline void syrinx_realtime_exit(void) {
  if (__rtsan_realtime_exit) __rtsan_realtime_exit();
}

extern void __rtsan_disable(void) __attribute__((weak));
extern void __rtsan_enable(void) __attribute__((weak));

// Between these two calls the sanitizer looks away on this thread.
static inline void syrinx_realtime_look_away(void) {
  if (__rtsan_disable) __rtsan_disable();
}

static inline void syrinx_realtime_look_again(void) {
  if (__rtsan_enable) __rtsan_enable();
}

// A word that threads sleep on: `rings` counts, `sleepers` says whether a ring needs the kernel.
typedef struct {
  uint32_t rings;
  uint32_t sleepers;
} syrinx_bell;

static inline uint32_t syrinx_bell_ticket(const syrinx_bell *bell) {
  return __atomic_load_n(&bell->rings, __ATOMIC_SEQ_CST);
}

// Counts one ring and wakes every thread that sleeps on the bell.
static inline void syrinx_bell_ring(syrinx_bell *bell) {
  __atomic_add_fetch(&bell->rings, 1, __ATOMIC_SEQ_CST);
  if (__atomic_load_n(&bell->sleepers, __ATOMIC_SEQ_CST) > 0)
    syscall(SYS_futex, &bell->rings, FUTEX_WAKE_PRIVATE, 0x7fffffff, (void *)0, (void *)0, 0);
}

// Sleeps until the bell has rung since `ticket`, at most `nanoseconds`. Spurious returns are allowed.
static inline void syrinx_bell_wait(syrinx_bell *bell, uint32_t ticket, int64_t nanoseconds) {
  struct timespec limit = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
  __atomic_add_fetch(&bell->sleepers, 1, __ATOMIC_SEQ_CST);
  syscall(SYS_futex, &bell->rings, FUTEX_WAIT_PRIVATE, ticket, &limit, (void *)0, 0);
  __atomic_sub_fetch(&bell->sleepers, 1, __ATOMIC_SEQ_CST);
}

#endif
