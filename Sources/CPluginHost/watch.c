// Counts what a plugin may not do while it renders: calls of the heap, of locks and of the system, on one thread. The calls
// of every loaded object but the C library's own are led through here by rewriting the slots that the linker made for them;
// only `syrinx plugin check` does so, in a process of its own.
#define _GNU_SOURCE
#include "CPluginHost.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static __thread int watching;
static __thread syrinx_watch seen;

static void note(int kind, const char *name) {
  if (!watching) return;
  seen.counts[kind]++;
  if (!seen.names[kind]) seen.names[kind] = name;
}

#define HOOK(kind, result, name, parameters, arguments) \
  static result(*real_##name) parameters;               \
  static result hook_##name parameters {                \
    note(kind, #name);                                  \
    return real_##name arguments;                       \
  }

HOOK(SYRINX_WATCH_HEAP, void *, malloc, (size_t size), (size))
HOOK(SYRINX_WATCH_HEAP, void *, calloc, (size_t count, size_t size), (count, size))
HOOK(SYRINX_WATCH_HEAP, void *, realloc, (void *memory, size_t size), (memory, size))
HOOK(SYRINX_WATCH_HEAP, void, free, (void *memory), (memory))
HOOK(SYRINX_WATCH_HEAP, int, posix_memalign, (void **memory, size_t align, size_t size), (memory, align, size))
HOOK(SYRINX_WATCH_HEAP, void *, aligned_alloc, (size_t align, size_t size), (align, size))
HOOK(SYRINX_WATCH_LOCK, int, pthread_mutex_lock, (pthread_mutex_t *lock), (lock))
HOOK(SYRINX_WATCH_LOCK, int, pthread_rwlock_rdlock, (pthread_rwlock_t *lock), (lock))
HOOK(SYRINX_WATCH_LOCK, int, pthread_rwlock_wrlock, (pthread_rwlock_t *lock), (lock))
HOOK(SYRINX_WATCH_LOCK, int, pthread_cond_wait, (pthread_cond_t *condition, pthread_mutex_t *lock), (condition, lock))
HOOK(SYRINX_WATCH_LOCK, int, sem_wait, (sem_t *semaphore), (semaphore))
HOOK(SYRINX_WATCH_SYSTEM, ssize_t, read, (int file, void *bytes, size_t count), (file, bytes, count))
HOOK(SYRINX_WATCH_SYSTEM, ssize_t, write, (int file, const void *bytes, size_t count), (file, bytes, count))
HOOK(SYRINX_WATCH_SYSTEM, FILE *, fopen, (const char *path, const char *mode), (path, mode))
HOOK(SYRINX_WATCH_SYSTEM, size_t, fwrite, (const void *bytes, size_t size, size_t count, FILE *file), (bytes, size, count, file))
HOOK(SYRINX_WATCH_SYSTEM, int, puts, (const char *text), (text))
HOOK(SYRINX_WATCH_SYSTEM, int, usleep, (useconds_t time), (time))
HOOK(SYRINX_WATCH_SYSTEM, int, nanosleep, (const struct timespec *time, struct timespec *left), (time, left))
HOOK(SYRINX_WATCH_SYSTEM, int, poll, (struct pollfd *files, nfds_t count, int time), (files, count, time))

static int hook_printf(const char *format, ...) {
  note(SYRINX_WATCH_SYSTEM, "printf");
  va_list arguments;
  va_start(arguments, format);
  int count = vprintf(format, arguments);
  va_end(arguments);
  return count;
}

typedef struct {
  const char *name;
  void **real;
  void *hook;
} hook;

#define ENTRY(name) {#name, (void **)&real_##name, (void *)hook_##name}

static int (*real_printf)(const char *, ...);
static const hook hooks[] = {
    ENTRY(malloc), ENTRY(calloc), ENTRY(realloc), ENTRY(free), ENTRY(posix_memalign), ENTRY(aligned_alloc),
    ENTRY(pthread_mutex_lock), ENTRY(pthread_rwlock_rdlock), ENTRY(pthread_rwlock_wrlock), ENTRY(pthread_cond_wait),
    ENTRY(sem_wait), ENTRY(read), ENTRY(write), ENTRY(fopen), ENTRY(fwrite), ENTRY(puts), ENTRY(usleep),
    ENTRY(nanosleep), ENTRY(poll), ENTRY(printf),
};
enum { hook_count = sizeof hooks / sizeof *hooks };

#if defined(__x86_64__)
enum { jump_slot = R_X86_64_JUMP_SLOT, global_slot = R_X86_64_GLOB_DAT };
#elif defined(__aarch64__)
enum { jump_slot = R_AARCH64_JUMP_SLOT, global_slot = R_AARCH64_GLOB_DAT };
#endif

static void lead(const struct dl_phdr_info *object, const ElfW(Rela) *slots, size_t size, const ElfW(Sym) *symbols,
                 const char *names) {
  for (size_t k = 0; k < size / sizeof *slots; k++) {
    unsigned kind = ELF64_R_TYPE(slots[k].r_info);
    if (kind != jump_slot && kind != global_slot) continue;
    const char *name = names + symbols[ELF64_R_SYM(slots[k].r_info)].st_name;
    for (int h = 0; h < hook_count; h++) {
      if (strcmp(name, hooks[h].name) != 0 || !*hooks[h].real) continue;
      void **slot = (void **)(object->dlpi_addr + slots[k].r_offset);
      size_t page = (size_t)sysconf(_SC_PAGESIZE);
      void *start = (void *)((uintptr_t)slot & ~(page - 1));
      // The linker has made the slots read-only; they may lie on two pages together with nothing that minds.
      if (mprotect(start, page, PROT_READ | PROT_WRITE) == 0) *slot = hooks[h].hook;
    }
  }
}

static int visit(struct dl_phdr_info *object, size_t size, void *context) {
  (void)size, (void)context;
  if (strstr(object->dlpi_name, "/libc.so") || strstr(object->dlpi_name, "ld-linux") ||
      strstr(object->dlpi_name, "linux-vdso"))
    return 0;
  const ElfW(Dyn) *dynamic = NULL;
  for (int k = 0; k < object->dlpi_phnum; k++)
    if (object->dlpi_phdr[k].p_type == PT_DYNAMIC)
      dynamic = (const void *)(object->dlpi_addr + object->dlpi_phdr[k].p_vaddr);
  if (!dynamic) return 0;
  const ElfW(Sym) *symbols = NULL;
  const char *names = NULL;
  const ElfW(Rela) *plt = NULL, *all = NULL;
  size_t plt_size = 0, all_size = 0;
  for (; dynamic->d_tag != DT_NULL; dynamic++) {
    switch (dynamic->d_tag) {
      case DT_SYMTAB: symbols = (const void *)dynamic->d_un.d_ptr; break;
      case DT_STRTAB: names = (const void *)dynamic->d_un.d_ptr; break;
      case DT_JMPREL: plt = (const void *)dynamic->d_un.d_ptr; break;
      case DT_PLTRELSZ: plt_size = dynamic->d_un.d_val; break;
      case DT_RELA: all = (const void *)dynamic->d_un.d_ptr; break;
      case DT_RELASZ: all_size = dynamic->d_un.d_val; break;
    }
  }
  if (!symbols || !names) return 0;
  if (plt) lead(object, plt, plt_size, symbols, names);
  if (all) lead(object, all, all_size, symbols, names);
  return 0;
}

void syrinx_watch_install(void) {
  for (int h = 0; h < hook_count; h++) *hooks[h].real = dlsym(RTLD_DEFAULT, hooks[h].name);
  dl_iterate_phdr(visit, NULL);
}

void syrinx_watch_begin(void) { watching = 1; }

syrinx_watch syrinx_watch_end(void) {
  watching = 0;
  syrinx_watch result = seen;
  seen = (syrinx_watch){{0}, {0}};
  return result;
}
