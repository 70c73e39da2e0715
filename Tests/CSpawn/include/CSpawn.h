// Starting programs as a test wants it: without the threads and descriptors that Foundation's Process keeps, which tests
// that count theirs would see.
#ifndef CSPAWN_H
#define CSPAWN_H

#include <sys/types.h>

// Starts a program found by PATH with no descriptor of ours but these three, and no signal setting of ours. Returns 0 or an
// errno.
int spawn_program(
    pid_t *process, char *const arguments[], char *const settings[], int input, int output, int diagnostics);

#endif
