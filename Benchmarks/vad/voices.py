"""Makes the voices that `fit.py` learns from, or others to report on, with the generator of the peers' harness.

  voices.py learn|report FOLDER [SESSIONS]

`learn` takes every second language and voice of the generator, under white noise, babble of those voices, and three
noises of its own (brown noise that swells, keys, music with hum); `report` takes the other languages and voices under the
generator's own noises. HARNESS is the harness's folder, BENCH_VAD_SEED the generator's seed.
"""
import os, sys
import numpy as np
from scipy.signal import lfilter

os.environ["BENCH_DIR"] = sys.argv[2]
sys.path.insert(0, os.environ["HARNESS"])
import vad_gen as generator

SR = 16000


def brown(n, rng):
    swell = 1 + 0.5 * np.sin(2 * np.pi * 0.2 * np.arange(n) / SR + rng.uniform(0, 6))
    return lfilter([1], [1, -0.98], rng.standard_normal(n)) * swell


def keys(n, rng):
    out, p = 0.02 * rng.standard_normal(n), 0
    while True:
        p += int(rng.exponential(0.18) * SR) + 300
        if p + 1600 >= n: return out
        k = int(rng.uniform(0.005, 0.05) * SR); t = np.arange(k) / SR; f = rng.uniform(800, 6000)
        out[p:p + k] += (rng.standard_normal(k) + np.sin(2 * np.pi * f * t)) * np.exp(-t * rng.uniform(60, 300)) * rng.uniform(0.3, 1)


def music(n, rng):
    out, p, root = np.zeros(n), 0, rng.uniform(90, 260)
    while p < n:
        step = int(rng.choice([0.25, 0.33, 0.5, 0.75, 1.0]) * SR); m = min(int(step * rng.uniform(0.8, 3)), n - p); t = np.arange(m) / SR
        for _ in range(int(rng.integers(1, 4))):
            f = root * 2 ** (rng.choice([0, 2, 4, 5, 7, 9, 11, 12, 14, 16, 19]) / 12); fall = rng.uniform(0.5, 6); high = int(rng.integers(3, 10)); tilt = rng.uniform(0.8, 2)
            tone = sum(np.sin(2 * np.pi * f * h * t + rng.uniform(0, 6)) / h ** tilt for h in range(1, high))
            out[p:p + m] += tone * np.exp(-fall * t) * np.minimum(1, t * rng.choice([50, 500]))
        if rng.random() < 0.6:
            b = min(m, int(0.1 * SR)); out[p:p + b] += rng.standard_normal(b) * np.exp(-rng.uniform(30, 90) * t[:b]) * rng.uniform(0.2, 1.5)
        p += step
    mains, t = rng.choice([50, 60]), np.arange(n) / SR
    return out / np.std(out) + rng.uniform(0, 1.2) * sum(np.sin(2 * np.pi * mains * h * t + rng.uniform(0, 6)) / h for h in range(1, 10))


def main():
    learns = sys.argv[1] == "learn"; generator.SESSIONS = int(sys.argv[3]) if len(sys.argv) > 3 else 8
    languages, first = list(generator.TEXT), 0 if learns else 1
    generator.TEXT = {l: generator.TEXT[l] for l in languages[first::2]}; generator.VARIANT = generator.VARIANT[first::2]
    theirs, ours = generator.noise, {"brown": brown, "keys": keys, "music": music}
    generator.noise = lambda kind, n, rng, bank: ours[kind](n, rng) if kind in ours else theirs(kind, n, rng, bank)
    if learns: generator.NOISES = ["white", "babble", *ours]
    generator.main()


main()
