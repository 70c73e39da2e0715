#define _GNU_SOURCE
#include "CPluginHost.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

void *syrinx_library_open(const char *path, char *reason, size_t reason_size) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *words = dlerror();
    snprintf(reason, reason_size, "%s", words ? words : "no reason given");
  }
  return library;
}

void *syrinx_library_symbol(void *library, const char *name) { return dlsym(library, name); }

int syrinx_helper_channel(int ends[2]) {
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return errno;
  // Room for the longest message: a descriptor with all its words.
  int size = 1 << 20;
  for (int end = 0; end < 2; end++) setsockopt(ends[end], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  // What is handed on as 3 and 4 must not be moved over itself.
  for (int end = 0; end < 2; end++) {
    if (ends[end] > 9) continue;
    int moved = fcntl(ends[end], F_DUPFD_CLOEXEC, 10);
    int error = errno;
    close(ends[end]);
    ends[end] = moved;
    if (moved < 0) {
      close(ends[1 - end]);
      return error;
    }
  }
  return 0;
}

int syrinx_helper_start(pid_t *process, const char *path, char *const arguments[], char *const environment[], int channel,
                        int memory) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int status = posix_spawn_file_actions_init(&actions);
  if (status != 0) return status;
  status = posix_spawnattr_init(&attributes);
  if (status != 0) {
    posix_spawn_file_actions_destroy(&actions);
    return status;
  }
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  status = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  if (status == 0) status = posix_spawn_file_actions_adddup2(&actions, 2, 1);
  if (status == 0) status = posix_spawn_file_actions_adddup2(&actions, channel, 3);
  if (status == 0 && memory >= 0) status = posix_spawn_file_actions_adddup2(&actions, memory, 4);
  if (status == 0) status = posix_spawn_file_actions_addclosefrom_np(&actions, memory >= 0 ? 5 : 4);
  if (status == 0) status = posix_spawn(process, path, &actions, &attributes, arguments, environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return status;
}

int syrinx_helper_end(pid_t process) {
  int status = 0;
  kill(-process, SIGKILL);
  kill(process, SIGKILL);
  while (waitpid(process, &status, 0) < 0 && errno == EINTR) {}
  return status;
}

int syrinx_helper_ended(pid_t process, int *status) {
  siginfo_t ended = {0};
  // It stays to be reaped by syrinx_helper_end: until then its number is nobody else's.
  if (waitid(P_PID, (id_t)process, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid != process) return 0;
  *status = ended.si_code == CLD_EXITED ? ended.si_status << 8 : ended.si_status;
  return 1;
}

void syrinx_helper_die_plainly(void) {
  // A crash is told by whoever started this process: no handler, no backtrace, no core.
  const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP};
  for (size_t k = 0; k < sizeof fatal / sizeof *fatal; k++) signal(fatal[k], SIG_DFL);
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
}

void syrinx_helper_bound_realtime(void) {
  struct rlimit time = {400000, 400000};  // microseconds
  setrlimit(RLIMIT_RTTIME, &time);
}
