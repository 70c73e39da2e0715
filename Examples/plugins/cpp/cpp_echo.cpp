// A node type in C++: a delay line that feeds back into itself.
#include "syrinx_plugin.h"

#include <cmath>
#include <cstddef>
#include <new>
#include <vector>

namespace {

enum Parameter : uint32_t { delayMs, feedbackRatio, parameterCount };

// The state of one node. Nothing here throws out of a function that the host calls.
class Echo {
 public:
  Echo(const syrinx_host *host, const syrinx_value *values)
      : host(host), delay(values[delayMs].number), initial(static_cast<float>(values[feedbackRatio].number)) {}

  int resolve(syrinx_request *request) const {
    syrinx_output &output = request->outputs[0];
    // It sounds until the echoes are below −60 dB, for 30 s at most.
    double rounds = initial > 0 ? std::log(0.001) / std::log(static_cast<double>(initial)) : 1;
    double seconds = std::fmin(30, delay / 1000 * (rounds + 1));
    output.tail = static_cast<uint32_t>(std::ceil(seconds * output.format.rate));
    return SYRINX_OK;
  }

  int activate(const syrinx_setup *setup) {
    const syrinx_format &format = setup->outputs[0];
    length = static_cast<size_t>(std::fmax(1, std::round(delay / 1000 * format.rate)));
    try {
      lines.assign(format.channels, std::vector<float>(length));
    } catch (const std::bad_alloc &) {
      host->log(host, SYRINX_LOG_ERROR, "no memory for the delay line");
      return SYRINX_ERROR;
    }
    reset();
    return SYRINX_OK;
  }

  void reset() noexcept {
    for (auto &line : lines)
      for (float &sample : line) sample = 0;
    place = 0;
    feedback = initial;
  }

  int process(const syrinx_block *block) noexcept {
    uint32_t done = 0;
    for (uint32_t k = 0; k < block->change_count; k++) {
      const syrinx_change &change = block->changes[k];
      render(block, done, change.frame);
      done = change.frame;
      if (change.parameter == feedbackRatio) feedback = static_cast<float>(change.value);
    }
    render(block, done, block->outputs[0].frames);
    return SYRINX_OK;
  }

 private:
  void render(const syrinx_block *block, uint32_t first, uint32_t last) noexcept {
    size_t end = place;
    for (uint32_t channel = 0; channel < block->outputs[0].channel_count; channel++) {
      const float *in = block->inputs[0].channels[channel];
      float *out = block->outputs[0].channels[channel];
      float *line = lines[channel].data();
      size_t at = place;
      for (uint32_t k = first; k < last; k++) {
        // What is not finite must not stay in the line for ever.
        float dry = in[k];
        float kept = std::isfinite(dry) ? dry + feedback * line[at] : 0;
        out[k] = dry + line[at];
        line[at] = kept;
        if (++at == length) at = 0;
      }
      end = at;
    }
    if (first < last) place = end;
  }

  const syrinx_host *host;
  double delay;
  float initial;
  float feedback = 0;
  size_t length = 1, place = 0;
  std::vector<std::vector<float>> lines;
};

Echo *echo(void *node) { return static_cast<Echo *>(node); }

syrinx_port port(const char *name) {
  syrinx_port port{};
  port.size = sizeof port;
  port.kind = SYRINX_AUDIO;
  port.name = name;
  return port;
}

syrinx_parameter number(
    const char *name, const char *unit, uint32_t flags, double lowest, double highest, double initial,
    const char *summary) {
  syrinx_parameter parameter{};
  parameter.size = sizeof parameter;
  parameter.kind = SYRINX_NUMBER;
  parameter.name = name;
  parameter.unit = unit;
  parameter.flags = flags;
  parameter.lowest = lowest;
  parameter.highest = highest;
  parameter.initial = initial;
  parameter.summary = summary;
  return parameter;
}

const syrinx_port input = port("in"), output = port("out");
const syrinx_parameter parameters[parameterCount] = {
    number("delay_ms", "ms", 0, 1, 2000, 250, "How late an echo is."),
    number("feedback_ratio", "ratio", SYRINX_LIVE, 0, 0.95, 0.4, "How loud each echo is against the one before."),
};

syrinx_type makeType() {
  syrinx_type type{};
  type.size = sizeof type;
  type.flags = SYRINX_WORKS_IN_PLACE;
  type.name = "cpp_echo";
  type.summary = "Repeats its input, each time more softly.";
  type.input_count = type.output_count = 1;
  type.inputs = &input;
  type.outputs = &output;
  type.parameter_count = parameterCount;
  type.parameters = parameters;
  type.create = [](const syrinx_type *, const syrinx_host *host, const syrinx_value *values) -> void * {
    return new (std::nothrow) Echo(host, values);
  };
  type.resolve = [](void *node, syrinx_request *request) { return echo(node)->resolve(request); };
  type.activate = [](void *node, const syrinx_setup *setup) { return echo(node)->activate(setup); };
  type.process = [](void *node, const syrinx_block *block) { return echo(node)->process(block); };
  type.reset = [](void *node) { echo(node)->reset(); };
  type.deactivate = [](void *) {};
  type.destroy = [](void *node) { delete echo(node); };
  return type;
}

const syrinx_type type = makeType();

syrinx_entry makeEntry() {
  syrinx_entry entry{};
  entry.size = sizeof entry;
  entry.major = SYRINX_PLUGIN_MAJOR;
  entry.minor = SYRINX_PLUGIN_MINOR;
  entry.name = "cpp_echo";
  entry.version = "1.0";
  entry.type_count = 1;
  entry.type = [](uint32_t index) { return index == 0 ? &type : nullptr; };
  return entry;
}

const syrinx_entry entry = makeEntry();

}  // namespace

const syrinx_entry *syrinx_plugin(uint32_t, uint32_t) { return &entry; }
