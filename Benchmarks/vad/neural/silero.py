"""What the scripts here share: the test signal, the package's models under onnxruntime, and a safetensors reader."""
import importlib.util
import json
import pathlib
import struct

import numpy as np
import onnxruntime

RATE, WINDOW, CONTEXT = 16_000, 512, 64

# A vowel's two resonances as y[n] = x[n] + a·y[n-1] + b·y[n-2]: 700/1100, 300/2200, 400/800, 500/1800 Hz, 80 Hz wide.
VOWELS = [
    ((1.895263, -0.969067), (1.788117, -0.969067)),
    ((1.955218, -0.969067), (1.280137, -0.969067)),
    ((1.944557, -0.969067), (1.872435, -0.969067)),
    ((1.930876, -0.969067), (1.497291, -0.969067)),
]


def signal(count):
    """A sketch of speech: vowels that glide, hisses, pauses, over soft noise. Plain double arithmetic, so that
    Tests/VoicePluginTests/SileroSignal.swift makes the same bits."""
    out = np.empty(count, np.float32)
    state, phase = 1, 0.0
    y1 = y2 = z1 = z2 = 0.0
    for n in range(count):
        segment, place = divmod(n, 4000)
        state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296
        noise = state / 2_147_483_648.0 - 1.0
        rise = min(place, 4000 - place) / 2000.0
        phase += (110.0 + 50.0 * rise + 10.0 * (segment % 3)) / 16_000.0
        if phase >= 1.0:
            phase -= 1.0
        kind = segment % 6
        source = 0.0
        if kind not in (4, 5):
            source = (2.0 * phase - 1.0) * rise
        (a1, b1), (a2, b2) = VOWELS[segment % 4]
        y = source + a1 * y1 + b1 * y2
        y2, y1 = y1, y
        z = y + a2 * z1 + b2 * z2
        z2, z1 = z1, z
        hiss = 0.03 * noise * rise if kind == 4 else 0.0
        out[n] = 0.0006 * z + hiss + 0.001 * noise
    return out


def data_folder():
    """The models of the installed package; it is not imported, since that would want torch."""
    return pathlib.Path(importlib.util.find_spec("silero_vad").submodule_search_locations[0]) / "data"


def session(model):
    """A session of one thread. Parameter model: a path, or a model's bytes."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    model = model if isinstance(model, bytes) else str(model)
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def probabilities(run, samples):
    """One probability for every whole window, as the package computes them."""
    state, context = np.zeros((2, 1, 128), np.float32), np.zeros(CONTEXT, np.float32)
    rate, found = np.array(RATE, dtype="int64"), []
    for start in range(0, len(samples) - WINDOW + 1, WINDOW):
        window = samples[start : start + WINDOW]
        heard = np.concatenate([context, window])[None]
        value, state = run.run(None, {"input": heard, "state": state, "sr": rate})
        context = window[-CONTEXT:]
        found.append(value[0, 0])
    return np.array(found)


def tensors(path):
    """The arrays of a safetensors file by name."""
    data = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    start = 8 + length
    found = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            found[name] = np.frombuffer(data[start + begin : start + end], "<f4").reshape(entry["shape"])
    return found


def with_weights(model, weights):
    """The 16 kHz graph of an ONNX file with other weights in it: what onnxruntime makes of a safetensors file."""
    import onnx
    from onnx import numpy_helper

    names = {"model.stft.forward_basis_buffer": "stft_conv.weight"}
    for index in range(4):
        for end in ("weight", "bias"):
            names[f"model.encoder.{index}.reparam_conv.{end}"] = f"conv{index + 1}.{end}"
    for end in ("weight", "bias"):
        names[f"model.decoder.decoder.2.{end}"] = f"final_conv.{end}"
    for end in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        names[f"model.decoder.rnn.{end}"] = f"lstm_cell.{end}"
    graph = onnx.load(str(model))
    places = [(value.name, value) for value in graph.graph.initializer]
    for node in graph.graph.node:
        if node.op_type == "Constant":
            places += [(node.output[0], attribute.t) for attribute in node.attribute]
    changed = 0
    for name, place in places:
        if name in names:
            array = weights[names[name]].reshape(list(place.dims))
            place.CopyFrom(numpy_helper.from_array(array, place.name))
            changed += 1
    if changed != len(names):
        raise SystemExit(f"{model}: found {changed} of {len(names)} weights")
    return graph.SerializeToString()
