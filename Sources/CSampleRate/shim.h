// libsamplerate, for Plugins/Resample.
#include <samplerate.h>
