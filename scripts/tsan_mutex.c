// For the thread sanitizer: what it cannot see of Swift's Mutex.
//
// A Mutex that is free is taken and left by atomics within the caller's code, which the sanitizer sees. One that is contended goes
// through three functions of libswiftSynchronization, which is not instrumented: taken there, the lock orders nothing in the
// sanitizer's eyes, and what it guards seems to race. Loaded before that library, these say what it did. Programs without the
// sanitizer do not notice.
//
// Source: Swift's stdlib/public/Synchronization/Mutex/LinuxImpl.swift, for what is inlined and what is not.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

#define SELF __attribute__((swift_context)) void *self
#define SWIFT __attribute__((swiftcall))
#define NAME(symbol) __asm__(symbol)

// In the sanitizer's runtime; absent in programs that are built without it.
__attribute__((weak)) void __tsan_acquire(void *address);
__attribute__((weak)) void __tsan_release(void *address);

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

SWIFT void lock_slow(uint32_t thread, SELF) NAME(LOCK);
SWIFT void lock_slow(uint32_t thread, SELF) {
  ((SWIFT void (*)(uint32_t, SELF))dlsym(RTLD_NEXT, LOCK))(thread, self);
  if (__tsan_acquire) __tsan_acquire(self);
}

SWIFT bool try_slow(SELF) NAME(TRY);
SWIFT bool try_slow(SELF) {
  const bool taken = ((SWIFT bool (*)(SELF))dlsym(RTLD_NEXT, TRY))(self);
  if (taken && __tsan_acquire) __tsan_acquire(self);
  return taken;
}

SWIFT void unlock_slow(SELF) NAME(UNLOCK);
SWIFT void unlock_slow(SELF) {
  if (__tsan_release) __tsan_release(self);
  ((SWIFT void (*)(SELF))dlsym(RTLD_NEXT, UNLOCK))(self);
}
