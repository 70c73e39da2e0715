#include <webrtc_audio_processing/webrtc/base/constructormagic.h>
