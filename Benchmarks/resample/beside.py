#!/usr/bin/env python3
"""The native resampler's CPU time beside libsoxr's and libsamplerate's: prints the table of README.md.

    Benchmarks/resample/beside.py [ROUNDS]

Builds resample-figures (release, in .build-figures) and peers.c; all take turns, round after round (7 by default), and the
least of each counts. Needs libsoxr-dev and libsamplerate0-dev.
"""
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PAIRS = [(48000, 44100), (44100, 48000), (96000, 48000), (48000, 16000), (44100, 16000), (24000, 48000), (48000, 47900)]

rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
subprocess.run(
    ["swift", "build", "-c", "release", "--scratch-path", ".build-figures", "--product", "resample-figures"], cwd=ROOT,
    env=dict(os.environ, SYRINX_ONLY="resample-figures"), check=True, stdout=sys.stderr)
ours = os.path.join(ROOT, ".build-figures/release/resample-figures")
with tempfile.TemporaryDirectory() as folder:
    peers = os.path.join(folder, "peers")
    subprocess.run(
        ["cc", "-O2", os.path.join(HERE, "peers.c"), "-lsoxr", "-lsamplerate", "-o", peers], check=True)

    def times(*command):
        return [float(word) for word in subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()]

    print("| rates | high | best | soxr HQ | soxr VHQ | SRC best | HQ / high | VHQ / best | SRC best / best "
          "| 64 frames: high | soxr HQ / high |")
    print("|---|" + "---:|" * 10)
    for rate_in, rate_out in PAIRS:
        least = [float("inf")] * 7
        for _ in range(rounds):
            row = times(ours, "cost", str(rate_in), str(rate_out)) + times(peers, str(rate_in), str(rate_out))
            least = [min(one, other) for one, other in zip(least, row)]
        high, best, calls, hq, vhq, src, hq_calls = least
        print(f"| {rate_in} → {rate_out} | {high:.1f} | {best:.1f} | {hq:.1f} | {vhq:.1f} | {src:.0f} | {hq / high:.2f} "
              f"| {vhq / best:.2f} | {src / best:.0f} | {calls:.1f} | {hq_calls / calls:.2f} |", flush=True)
