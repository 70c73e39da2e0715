// What the host of run-time plugins needs and Swift cannot say.
#ifndef CPLUGINHOST_H
#define CPLUGINHOST_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "syrinx_lane.h"
#include "syrinx_plugin.h"

// True: no sample of `count` ports is NaN or infinite. Any thread; allocates nothing.
int syrinx_ports_finite(const syrinx_buffer *ports, uint32_t count);

// Opens a shared object and finds its entry function. Returns its handle, or NULL with the linker's words in `reason`.
void *syrinx_library_open(const char *path, char *reason, size_t reason_size);
void *syrinx_library_symbol(void *library, const char *name);

// Starts a program with `channel` as descriptor 3 and, unless negative, `memory` as 4; standard output goes to standard
// error, input is empty; of the environment it has what it is given. Returns 0 or an errno.
int syrinx_helper_start(pid_t *process, const char *path, char *const arguments[], char *const environment[], int channel,
                        int memory);

// A pair of sockets that keep messages apart, closed on exec. Returns 0 or an errno.
int syrinx_helper_channel(int ends[2]);

// Makes a crash of this process a plain death by its signal. A helper's first act.
void syrinx_helper_die_plainly(void);

// Makes the system end this process if a real-time thread of it computes for 400 ms without a wait.
void syrinx_helper_bound_realtime(void);

// Kills and reaps a helper; returns its wait status.
int syrinx_helper_end(pid_t process);

// Whether a helper has ended by itself: 1 with `*status`, still to be reaped; 0: it runs.
int syrinx_helper_ended(pid_t process, int *status);

// What a thread did between `syrinx_watch_begin` and `syrinx_watch_end`, and the first call of each kind.
enum { SYRINX_WATCH_HEAP, SYRINX_WATCH_LOCK, SYRINX_WATCH_SYSTEM, SYRINX_WATCH_KINDS };
typedef struct {
  long counts[SYRINX_WATCH_KINDS];
  const char *names[SYRINX_WATCH_KINDS];
} syrinx_watch;

// Leads the calls of everything that is loaded by now through the counters. Once, in a process that checks a plugin.
void syrinx_watch_install(void);
void syrinx_watch_begin(void);
syrinx_watch syrinx_watch_end(void);

// Files that the command carries with it: the header and the folders of the three examples.
typedef struct {
  const char *language;  // "c", "cpp", "swift"
  const char *path;      // below the plugin's folder
  const unsigned char *bytes;
  size_t count;
} syrinx_kit_file;

// File `index`, or one whose `path` is NULL behind the last.
syrinx_kit_file syrinx_kit(size_t index);

#endif
