// Holds the layout of the first version: what is in it stays where it is, and later members follow.
#include "syrinx_plugin.h"

#define AT(type, member, offset) \
  _Static_assert(offsetof(type, member) == (offset), #type "." #member " has moved: the binary interface is broken")

#if UINTPTR_MAX == UINT64_MAX
AT(syrinx_entry, type, 48);
AT(syrinx_type, name, 8);
AT(syrinx_type, inputs, 48);
AT(syrinx_type, create, 80);
AT(syrinx_type, process, 104);
AT(syrinx_type, extension, 152);
AT(syrinx_port, channels, 36);
AT(syrinx_parameter, choices, 72);
AT(syrinx_event, fields, 24);
AT(syrinx_host, extension, 48);
AT(syrinx_request, outputs, 24);
AT(syrinx_output, needs, 24);
AT(syrinx_setup, is_live, 48);
AT(syrinx_block, emit, 56);
_Static_assert(sizeof(syrinx_buffer) == 32, "arrays of syrinx_buffer are walked by its size");
_Static_assert(sizeof(syrinx_change) == 16, "arrays of syrinx_change are walked by its size");
_Static_assert(sizeof(syrinx_value) == 16, "arrays of syrinx_value are walked by its size");
_Static_assert(sizeof(syrinx_format) == 8, "arrays of syrinx_format are walked by its size");
#endif
