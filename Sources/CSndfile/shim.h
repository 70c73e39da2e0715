// libsndfile, and the structs whose size is the caller's choice.
#ifndef CSNDFILE_SHIM_H
#define CSNDFILE_SHIM_H

#include <sndfile.h>

// A broadcast chunk with room for 16 KiB of coding history.
typedef SF_BROADCAST_INFO_VAR(16384) syrinx_broadcast_info;

// As many cue points as a file may bring along.
typedef SF_CUES_VAR(2048) syrinx_cues;

// Members that Swift does not see: a text too long for a tuple, and structs without a name.
static inline char *syrinx_coding_history(syrinx_broadcast_info *info) { return info->coding_history; }

// Four words a loop: mode, start, end, count.
static inline uint32_t *syrinx_loops(SF_INSTRUMENT *info) { return (uint32_t *)info->loops; }

#endif
