// The shims are inline functions of the header; this file gives the target something to compile.
#include "CSyrinxShims.h"
