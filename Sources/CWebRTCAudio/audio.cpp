#include "CWebRTCAudio.h"

#include <webrtc/common.h>
#include <webrtc/modules/audio_processing/include/audio_processing.h>

#include <atomic>
#include <mutex>
#include <thread>

using webrtc::AudioProcessing;
using webrtc::StreamConfig;

struct syrinx_apm {
  AudioProcessing *module;
  StreamConfig format;
  // Where the module puts the far end, which it gives back unchanged.
  float far[480];
};

// Every new module writes the library's tables for its Fourier transforms anew, in place, and a module that runs meanwhile
// reads what is half written: NaN was seen to come out. So one is made at a time, while none runs; a call that comes then
// does not wait, but says so.
static std::mutex makers;
static std::atomic<bool> making{false};
static std::atomic<int> running{0};

namespace {
struct Making {
  std::lock_guard<std::mutex> alone{makers};
  Making() {
    making = true;
    while (running > 0) std::this_thread::yield();
  }
  ~Making() { making = false; }
};
}  // namespace

static bool configure(
    AudioProcessing *module, const webrtc::Config &options, const syrinx_apm_settings &wanted) {
  typedef webrtc::EchoCancellation Echo;
  typedef webrtc::NoiseSuppression Noise;
  typedef webrtc::GainControl Gain;
  static const Echo::SuppressionLevel echo_levels[] = {
      Echo::kLowSuppression, Echo::kModerateSuppression, Echo::kHighSuppression};
  static const Noise::Level noise_levels[] = {Noise::kLow, Noise::kModerate, Noise::kHigh, Noise::kVeryHigh};
  module->SetExtraOptions(options);
  int faults = 0;
  faults |= module->high_pass_filter()->Enable(wanted.high_pass);
  faults |= module->echo_cancellation()->enable_drift_compensation(false);
  faults |= module->echo_cancellation()->set_suppression_level(echo_levels[wanted.echo_level]);
  faults |= module->echo_cancellation()->Enable(true);
  if (wanted.noise_level >= 0) {
    faults |= module->noise_suppression()->set_level(noise_levels[wanted.noise_level]);
    faults |= module->noise_suppression()->Enable(true);
  }
  if (wanted.gain_mode > 0) {
    faults |= module->gain_control()->set_mode(wanted.gain_mode == 1 ? Gain::kAdaptiveDigital : Gain::kFixedDigital);
    faults |= module->gain_control()->set_target_level_dbfs(wanted.gain_target_db);
    faults |= module->gain_control()->set_compression_gain_db(wanted.gain_most_db);
    faults |= module->gain_control()->enable_limiter(true);
    faults |= module->gain_control()->Enable(true);
  }
  return faults == 0;
}

extern "C" syrinx_apm *syrinx_apm_create(const syrinx_apm_settings *settings) {
  Making turn;
  webrtc::Config options;
  options.Set<webrtc::DelayAgnostic>(new webrtc::DelayAgnostic(settings->delay_agnostic));
  options.Set<webrtc::ExtendedFilter>(new webrtc::ExtendedFilter(settings->extended_filter));
  // It would move the gain of a sound card, which is not ours.
  options.Set<webrtc::ExperimentalAgc>(new webrtc::ExperimentalAgc(false));
  AudioProcessing *module = AudioProcessing::Create(options);
  if (!module) return nullptr;
  StreamConfig format(settings->rate_hz, 1);
  webrtc::ProcessingConfig formats;
  for (StreamConfig &stream : formats.streams) stream = format;
  if (module->Initialize(formats) != 0 || !configure(module, options, *settings)) {
    delete module;
    return nullptr;
  }
  syrinx_apm *result = new syrinx_apm();
  result->module = module;
  result->format = format;
  return result;
}

extern "C" void syrinx_apm_destroy(syrinx_apm *module) {
  if (!module) return;
  delete module->module;
  delete module;
}

extern "C" int32_t syrinx_apm_process(
    syrinx_apm *module, const float *near, const float *far, float *clean, int32_t delay_ms) {
  running++;
  int code = SYRINX_APM_BUSY;
  if (!making) {
    float *unchanged = module->far;
    code = module->module->ProcessReverseStream(&far, module->format, module->format, &unchanged);
    if (code == 0) {
      module->module->set_stream_delay_ms(delay_ms);
      code = module->module->ProcessStream(&near, module->format, module->format, &clean);
    }
  }
  running--;
  return code;
}
