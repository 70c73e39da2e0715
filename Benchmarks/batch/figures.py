#!/usr/bin/env python3
"""Files per second of `syrinx batch` beside sox under `xargs -P`, in turns, on one machine.

    figures.py COMMAND [--files 1000] [--seconds 10] [--rounds 3] [--jobs gain,flac,voice] [--workers 1,2] [--folder DIR]

COMMAND is the built `syrinx`. Prints a Markdown table: medians over the rounds, and the ratio round by round. The folder
should lie on a RAM disk; it is emptied afterwards.
"""

import argparse
import os
import pathlib
import random
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import wave

HERE = pathlib.Path(__file__).resolve().parent
PIPELINES = HERE.parent.parent / "pipelines"
# Job: our pipeline, the output's ending, what sox is told of its output, and its effects.
JOBS = {
    "gain": (HERE.parent / "peers" / "gain-s16.json", "wav", "-D", "", "gain -3"),
    "flac": (PIPELINES / "convert.json", "flac", "-D", "-C 5", ""),
    "voice": (PIPELINES / "voice-preparation.json", "wav", "", "-b 16", "remix - highpass -2 70 rate -h 16000 dither"),
}


def make(folder: pathlib.Path, files: int, seconds: int) -> None:
    """Stereo s16 at 48 kHz: noise with a slow swell, so that coders have something to do; each file another cut of it."""
    chance = random.Random(1)
    frames = 48_000 * seconds
    noise = [int(chance.gauss(0, 3000)) for _ in range(2 * (frames + files))]
    noise = struct.pack(f"<{len(noise)}h", *(max(-32768, min(32767, value)) for value in noise))
    for number in range(files):
        with wave.open(str(folder / f"take{number:05}.wav"), "wb") as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(48_000)
            file.writeframes(noise[4 * number : 4 * (number + frames)])


def timed(command: list[str]) -> tuple[float, float, int]:
    """Wall seconds, CPU seconds of the process and all that it waited for, and the peak memory of the largest in KiB."""
    start = time.monotonic()
    pid = os.spawnvp(os.P_NOWAIT, command[0], command)
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit(f"failed with {status}: {' '.join(command)}")
    return time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("command")
    options.add_argument("--files", type=int, default=1000)
    options.add_argument("--seconds", type=int, default=10)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--jobs", default=",".join(JOBS))
    options.add_argument("--workers", default="1,2")
    options.add_argument("--folder", default="/dev/shm")
    given = options.parse_args()
    root = pathlib.Path(tempfile.mkdtemp(prefix="syrinx-batch-", dir=given.folder))
    try:
        (root / "in").mkdir()
        make(root / "in", given.files, given.seconds)
        print("| job | workers | syrinx files/s | CPU ms a file | peak MB | sox files/s | CPU ms a file | wall ratio | CPU ratio |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
        for job in given.jobs.split(","):
            for workers in given.workers.split(","):
                print(row(given, root, job, workers), flush=True)
    finally:
        shutil.rmtree(root)


def row(given: argparse.Namespace, root: pathlib.Path, job: str, workers: str) -> str:
    pipeline, ending, flags, target, effects = JOBS[job]
    ours, theirs = [], []
    for _ in range(given.rounds):
        for times, command in (
            (ours, [given.command, "batch", str(pipeline), str(root / "in"), "--jobs", workers, "--quiet",
                    "--output", f"{root}/out/{{stem}}.{ending}"]),
            (theirs, ["sh", "-c", f"ls {root}/in | sed 's/.wav$//' | xargs -P {workers} -I @ "
                      f"sox {flags} {root}/in/@.wav {target} {root}/out/@.{ending} {effects}"]),
        ):  # fmt: skip
            shutil.rmtree(root / "out", ignore_errors=True)
            (root / "out").mkdir()
            times.append(timed(command))
            made = sum(1 for path in (root / "out").iterdir() if path.suffix == "." + ending)
            if made != given.files:
                sys.exit(f"{job}: {made} files instead of {given.files}: {' '.join(command)}")

    def middle(values) -> float:
        return statistics.median(values)

    def cells(times) -> tuple[str, str]:
        return (f"{given.files / middle(t[0] for t in times):.0f}",
                f"{1000 * middle(t[1] for t in times) / given.files:.1f}")  # fmt: skip

    wall = middle(their[0] / our[0] for our, their in zip(ours, theirs))
    cpu = middle(their[1] / our[1] for our, their in zip(ours, theirs))
    peak = max(t[2] for t in ours) / 1024
    return "| " + " | ".join([job, workers, *cells(ours), f"{peak:.0f}", *cells(theirs), f"{wall:.2f}", f"{cpu:.2f}"]) + " |"


main()
