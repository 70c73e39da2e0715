#define _GNU_SOURCE
#include "CToolProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

int syrinx_tool_start(
    pid_t *process, const char *path, char *const arguments[], char *const environment[], const char *folder, int input,
    int output) {
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
  // Our network code ignores SIGPIPE, and our threads block what they please: a tool shall see nothing of it.
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  status = posix_spawn_file_actions_adddup2(&actions, input, 0);
  if (status == 0) status = posix_spawn_file_actions_adddup2(&actions, output, 1);
  if (status == 0) status = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  if (status == 0) status = posix_spawn_file_actions_addchdir_np(&actions, folder);
  if (status == 0) status = posix_spawn(process, path, &actions, &attributes, arguments, environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return status;
}

int syrinx_tool_watch(pid_t process) { return (int)syscall(SYS_pidfd_open, process, 0); }

int syrinx_tool_pipe(int ends[2]) {
  if (pipe2(ends, O_CLOEXEC) != 0) return errno;
  // A program that was started without standard descriptors would find our pipe in their place.
  for (int end = 0; end < 2; end++) {
    if (ends[end] > 2) continue;
    int moved = fcntl(ends[end], F_DUPFD_CLOEXEC, 3);
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

int syrinx_tool_bell(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
