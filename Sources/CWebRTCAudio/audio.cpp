#include "CWebRTCAudio.h"

#include <webrtc/common.h>
#include <webrtc/modules/audio_processing/include/audio_processing.h>

using webrtc::AudioProcessing;
using webrtc::StreamConfig;

struct syrinx_apm {
  AudioProcessing *module;
  StreamConfig format;
  // Where the module puts the far end, which it gives back unchanged.
  float far[480];
};

static bool configure(AudioProcessing *module, const syrinx_apm_settings &wanted) {
  typedef webrtc::EchoCancellation Echo;
  typedef webrtc::NoiseSuppression Noise;
  typedef webrtc::GainControl Gain;
  static const Echo::SuppressionLevel echo_levels[] = {
      Echo::kLowSuppression, Echo::kModerateSuppression, Echo::kHighSuppression};
  static const Noise::Level noise_levels[] = {Noise::kLow, Noise::kModerate, Noise::kHigh, Noise::kVeryHigh};
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
  if (module->Initialize(formats) != 0 || !configure(module, *settings)) {
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
  float *unchanged = module->far;
  int code = module->module->ProcessReverseStream(&far, module->format, module->format, &unchanged);
  if (code != 0) return code;
  module->module->set_stream_delay_ms(delay_ms);
  return module->module->ProcessStream(&near, module->format, module->format, &clean);
}
