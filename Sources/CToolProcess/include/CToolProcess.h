// Starting a tool as it is promised: what posix_spawn(3) can do and Swift cannot say.
#ifndef CTOOLPROCESS_H
#define CTOOLPROCESS_H

#include <sys/types.h>

// Starts a program, given by its path, in a folder and in a process group of its own, with default signals and no descriptor
// of ours but these two and standard error. Returns 0 or an errno.
int syrinx_tool_start(
    pid_t *process, const char *path, char *const arguments[], char *const environment[], const char *folder, int input,
    int output);

// A descriptor that is readable once the process has ended. Returns -1, with errno, if there can be none.
int syrinx_tool_watch(pid_t process);

// A pipe above the standard descriptors that no other program inherits. Returns 0 or an errno.
int syrinx_tool_pipe(int ends[2]);

// A descriptor that is readable after 8 bytes of a number above 0 were written to it. Returns -1, with errno.
int syrinx_tool_bell(void);

#endif
