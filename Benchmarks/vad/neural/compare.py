#!/usr/bin/env python3
"""Accuracy and cost of the neural engine beside onnxruntime, in one run.

usage: compare.py [--program neural-figures] [--models FOLDER] [--rounds N] [FILE.wav …]

FILE: speech, mono, 16 kHz, 16 bits; left out: the test signal. Figures of both are processor time of one thread; rounds take
turns, so that a slow moment of the machine falls on both. See README.md.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import tempfile
import time
import wave

import numpy as np

import silero


def wav(path):
    with wave.open(path) as file:
        if (file.getnchannels(), file.getframerate(), file.getsampwidth()) != (1, silero.RATE, 2):
            raise SystemExit(f"{path}: expected mono, 16 kHz, 16 bits")
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768


def ours(program, what, model, samples):
    with tempfile.NamedTemporaryFile(suffix=".f32") as file:
        samples.astype("<f4").tofile(file.name)
        command = [program, what, str(model), file.name]
        return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split("\n")


def main():
    root = pathlib.Path(__file__).parents[3]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=str(root / ".build/release/neural-figures"))
    parser.add_argument("--models", default=os.environ.get("SYRINX_MODELS") or root / ".build/models")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    models, folder = pathlib.Path(options.models), silero.data_folder()
    signals = [(name, wav(name)) for name in options.files] or [("test signal", silero.signal(160 * silero.WINDOW))]

    carried = models / "silero_vad_16k.safetensors"
    made = models / "silero_vad_16k_op15.safetensors"
    reweighted = silero.with_weights(folder / "silero_vad_16k_op15.onnx", silero.tensors(carried))
    pairs = [
        ("silero_vad.onnx", silero.session(folder / "silero_vad.onnx"), made),
        ("its graph, silero_vad_16k.safetensors", silero.session(reweighted), carried),
    ]
    for words, session, model in pairs:
        for name, samples in signals:
            theirs = silero.probabilities(session, samples)
            found = np.array([float(line) for line in ours(options.program, "probabilities", model, samples) if line])
            worst = abs(found - theirs).max() if len(found) == len(theirs) else float("nan")
            print(f"accuracy: {words}: {name}: {len(theirs)} windows, largest difference {worst:.2e}")

    samples = np.tile(signals[0][1], 1 + 20 * silero.RATE // len(signals[0][1]))
    samples = samples[: len(samples) // silero.WINDOW * silero.WINDOW]
    session, theirs, figures = pairs[0][1], [], {}
    for _ in range(options.rounds):
        began = time.thread_time()
        silero.probabilities(session, samples)
        theirs.append((time.thread_time() - began) / (len(samples) / silero.WINDOW) * 1e6)
        for line in ours(options.program, "cost", made, samples):
            if line:
                name, value = line.split()
                figures.setdefault(name, []).append(float(value))
    median = {name: statistics.median(values) for name, values in figures.items()}
    ratio = statistics.median(a / b * 1000 for a, b in zip(theirs, figures["window_ns"]))
    print(f"cost of a window: onnxruntime {statistics.median(theirs):.1f} µs, ours {median['window_ns'] / 1000:.1f} µs")
    print(f"onnxruntime costs {ratio:.1f} times as much (median of the rounds' ratios)")
    print(f"an answer stands {median['delay_samples']:.0f} samples after its window's end")
    for rate in (16_000, 48_000):
        mean, most = median[f"cycle_{rate}_mean_ns"], median[f"cycle_{rate}_max_ns"]
        print(
            f"cycles of 64 frames at {rate} Hz: mean {mean / 1000:.2f} µs, most {most / 1000:.2f} µs, "
            f"{median[f'cycle_{rate}_max_over_mean']:.2f} times the mean"
        )


if __name__ == "__main__":
    main()
