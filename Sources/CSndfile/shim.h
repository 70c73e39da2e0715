// libsndfile, and the structs whose size is the caller's choice.
#ifndef CSNDFILE_SHIM_H
#define CSNDFILE_SHIM_H

#include <sndfile.h>

// A broadcast chunk with room for 16 KiB of coding history.
typedef SF_BROADCAST_INFO_VAR(16384) syrinx_broadcast_info;

// As many cue points as a file may bring along.
typedef SF_CUES_VAR(2048) syrinx_cues;

#endif
