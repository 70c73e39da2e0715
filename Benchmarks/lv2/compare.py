#!/usr/bin/env python3
"""Runs installed LV2 plugins in Syrinx and beside it, and compares what comes out. See README.md."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import numpy

CHOICE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "plugins.txt")


def signal(rate, channels, frames):
    """Noise in bursts over two tones, different in every channel, always the same."""
    source = numpy.random.default_rng(7)
    time = numpy.arange(frames) / rate
    all_channels = []
    for channel in range(max(channels, 1)):
        tone = 0.2 * numpy.sin(2 * numpy.pi * (110 + 30 * channel) * time)
        tone += 0.1 * numpy.sin(2 * numpy.pi * (1760 + 70 * channel) * time)
        noise = 0.3 * source.uniform(-1, 1, frames) * (numpy.floor(4 * time) % 2)
        all_channels.append(tone + noise)
    return numpy.stack(all_channels, 1).astype("<f4")


def wav(path, samples, rate):
    """A WAV file of 32-bit floats."""
    data = samples.tobytes()
    channels = samples.shape[1]
    head = b"RIFF" + (36 + len(data)).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    head += (3).to_bytes(2, "little") + channels.to_bytes(2, "little") + rate.to_bytes(4, "little")
    head += (rate * channels * 4).to_bytes(4, "little") + (channels * 4).to_bytes(2, "little")
    head += (32).to_bytes(2, "little") + b"data" + len(data).to_bytes(4, "little")
    with open(path, "wb") as file:
        file.write(head + data)


def read_wav(path):
    """The samples of a WAV file of 32-bit floats."""
    with open(path, "rb") as file:
        data = file.read()
    place, channels = 12, 1
    while place + 8 <= len(data):
        name, size = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        if name == b"fmt ":
            channels = int.from_bytes(data[place + 10 : place + 12], "little")
        if name == b"data":
            samples = numpy.frombuffer(data[place + 8 : place + 8 + size], "<f4")
            return samples[: len(samples) // channels * channels].reshape(-1, channels)
        place += 8 + size + size % 2
    raise ValueError(f"{path} holds no samples")


def residue(one, other):
    """How loud the difference is beside the signal, in dB; -inf: equal."""
    count = min(len(one), len(other))
    one, other = one[:count].astype("f8"), other[:count].astype("f8")
    difference = float(numpy.sum((one - other) ** 2))
    power = float(numpy.sum(other**2))
    if difference == 0:
        return -numpy.inf
    return 10 * numpy.log10(difference / power) if power > 0 else numpy.inf


class Trial:
    def __init__(self, options, uri, folder):
        self.options, self.uri, self.folder = options, uri, folder

    def call(self, command, data=None):
        return subprocess.run(command, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)

    def syrinx(self, name, samples, rate, block):
        document = {
            "syrinx": 1,
            "engine": {"block_frames": block},
            "nodes": {
                "take": {"type": "file.source", "path": name + "-in.wav"},
                "plugin": {"type": "lv2", "uri": self.uri},
                "tape": {"type": "file.sink", "path": name + "-out.wav", "subtype": "f32"},
            },
            "links": ["take -> plugin -> tape"],
        }
        path = os.path.join(self.folder, name)
        wav(path + "-in.wav", samples, rate)
        with open(path + ".json", "w") as file:
            json.dump(document, file)
        outcome = self.call([self.options.syrinx, "run", path + ".json"])
        if outcome.returncode != 0:
            words = outcome.stderr.decode(errors="replace").strip().splitlines()
            return None, f"exit {outcome.returncode}: {words[-1].split('.json')[-1][:150] if words else ''}"
        return read_wav(path + "-out.wav"), None

    def reference(self, samples, rate, block, channels):
        # Zeros to the end of the latency: twice, since it is known after the first time.
        latency = 0
        for _ in range(2):
            padded = numpy.concatenate([samples, numpy.zeros((latency, samples.shape[1]), "<f4")])
            outcome = self.call([self.options.reference, self.uri, str(rate), str(block)], padded.tobytes())
            if outcome.returncode != 0:
                return None, f"reference: exit {outcome.returncode}", 0
            found = int(outcome.stderr.decode(errors="replace").strip().splitlines()[-1])
            if found == latency:
                break
            latency = found
        out = numpy.frombuffer(outcome.stdout, "<f4").reshape(-1, channels)
        return out[latency:], None, latency

    def lv2apply(self, samples, rate):
        place = os.path.join(self.folder, "apply")
        wav(place + "-in.wav", samples, rate)
        outcome = self.call(["lv2apply", "-i", place + "-in.wav", "-o", place + "-out.wav", self.uri])
        if outcome.returncode != 0 or not os.path.exists(place + "-out.wav"):
            return None
        return read_wav(place + "-out.wav")

    def run(self):
        shown = self.call([self.options.syrinx, "lv2", "show", "--json", self.uri])
        if shown.returncode != 0:
            return {"uri": self.uri, "fault": shown.stderr.decode(errors="replace").strip()[-150:]}
        ports = json.loads(shown.stdout)

        def width(kind, name):
            summary = next((p["summary"] for p in ports[kind] if p["name"] == name), None)
            return len(summary.split(", ")) if summary else 0

        inputs, outputs = width("inputs", "in"), width("outputs", "out")
        result = {"uri": self.uri, "inputs": inputs, "outputs": outputs, "residues": [], "latency": 0}
        if inputs == 0 or outputs == 0:
            result["fault"] = "no audio input or output to compare"
            return result
        blocks_heard = []
        for rate in self.options.rates:
            samples = signal(rate, inputs, int(self.options.seconds * rate))
            for block in self.options.blocks:
                name = f"{rate}-{block}"
                ours, fault = self.syrinx(name, samples, rate, block)
                if ours is None:
                    result["fault"] = fault
                    return result
                theirs, fault, latency = self.reference(samples, rate, block, outputs)
                if theirs is None:
                    result["fault"] = fault
                    return result
                result["latency"] = max(result["latency"], latency)
                result["silent"] = not numpy.any(theirs)
                if not numpy.all(numpy.isfinite(theirs)):
                    result["fault"] = "the reference gives NaN"
                    return result
                if len(ours) != len(samples) or ours.shape[1] != outputs:
                    result["fault"] = f"{ours.shape} samples, expected {len(samples)} x {outputs}"
                    return result
                result["residues"].append(residue(ours, theirs))
                if rate == self.options.rates[-1]:
                    blocks_heard.append(ours)
        result["blocks"] = max(residue(one, blocks_heard[0]) for one in blocks_heard)
        applied = self.lv2apply(samples, rate)
        if applied is not None and applied.shape[1] == outputs:
            result["lv2apply"] = residue(blocks_heard[0], applied[result["latency"]:])
        return result


def decibels(value):
    if value is None:
        return "–"
    return "equal" if value == -numpy.inf else "silence" if value == numpy.inf else f"{value:.0f} dB"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--syrinx", default=".build/release/syrinx")
    parser.add_argument("--reference", required=True, help="reference.c, compiled")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rates", type=int, nargs="+", default=[44100, 48000])
    parser.add_argument("--blocks", type=int, nargs="+", default=[64, 480, 1024])
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("uris", nargs="*", help="left out: those of plugins.txt")
    options = parser.parse_args()
    options.syrinx = os.path.abspath(options.syrinx)
    options.reference = os.path.abspath(options.reference)
    uris = options.uris or [line.strip() for line in open(CHOICE) if line.strip() and line[0] != "#"]

    def trial(uri):
        with tempfile.TemporaryDirectory() as folder:
            try:
                result = Trial(options, uri, folder).run()
            except subprocess.TimeoutExpired:
                result = {"uri": uri, "fault": "takes longer than 120 s"}
        if "fault" in result:
            print(f"| {uri} | | | {result['fault']} | | |", flush=True)
        else:
            worst = max(result["residues"])
            equal = sum(value == -numpy.inf for value in result["residues"])
            words = "equal" if worst == -numpy.inf else f"{equal} of {len(result['residues'])} equal, else {decibels(worst)}"
            if result["silent"]:
                words += ", silent"
            print(
                f"| {uri} | {result['inputs']} → {result['outputs']} | {result['latency']} | {words} | "
                f"{decibels(result['blocks'])} | {decibels(result.get('lv2apply'))} |", flush=True)
        return result

    print("| plugin | channels | latency | beside the reference | 64 beside the other blocks | beside lv2apply |")
    print("| --- | --- | --- | --- | --- | --- |")
    with ThreadPoolExecutor(options.jobs) as pool:
        results = list(pool.map(trial, uris))
    done = [result for result in results if "fault" not in result]
    equal = [result for result in done if max(result["residues"]) == -numpy.inf]
    print(f"\n{len(results)} plugins, {len(done)} ran, {len(equal)} equal to the reference in all of their runs", file=sys.stderr)


if __name__ == "__main__":
    main()
