#!/usr/bin/env python3
"""Writes Tests/VoicePluginTests/SileroReference.swift: what onnxruntime makes of the test signal, for two models.

usage: reference.py    (in a Python with numpy, onnx, onnxruntime and silero-vad, see README.md)
"""
import importlib.metadata
import pathlib

import silero

WINDOWS = 160


def table(values):
    rows = [", ".join(f"{value:.6f}" for value in values[k : k + 10]) for k in range(0, len(values), 10)]
    return ",\n        ".join(rows)


def main():
    folder = silero.data_folder()
    samples = silero.signal(WINDOWS * silero.WINDOW)
    onnx = silero.probabilities(silero.session(folder / "silero_vad.onnx"), samples)
    weights = silero.tensors(folder / "silero_vad_16k.safetensors")
    carried = silero.probabilities(
        silero.session(silero.with_weights(folder / "silero_vad_16k_op15.onnx", weights)), samples
    )
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("silero-vad", "onnxruntime"))
    target = pathlib.Path(__file__).parents[3] / "Tests/VoicePluginTests/SileroReference.swift"
    target.write_text(
        f"""/// Probabilities by {versions}, of the windows of ``SileroSignal``.
///
/// Made by Benchmarks/vad/neural/reference.py.
enum SileroReference {{
    /// The package's silero_vad.onnx.
    static let onnx: [Float] = [
        {table(onnx)},
    ]

    /// The same graph with the weights of the package's silero_vad_16k.safetensors in it.
    static let carried: [Float] = [
        {table(carried)},
    ]
}}
"""
    )


if __name__ == "__main__":
    main()
