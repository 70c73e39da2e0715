#include "syrinx_plugin.h"
