#!/usr/bin/env python3
"""File-to-file jobs of the release command beside sox, ffmpeg, GStreamer and ecasound, whole processes, in turns.

    figures.py COMMAND [--seconds 600] [--rounds 5] [--jobs a,b_f32,…] [--folder DIR] [--tables jobs,chain,branches,start]

COMMAND is the built `syrinx`; of the others whatever is installed takes part. Prints Markdown tables: medians over the rounds,
which begin with one that does not count. The folder should lie on a RAM disk; nothing is left there.
"""

import argparse
import array
import os
import pathlib
import random
import shlex
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
FF = "ffmpeg -v error -nostdin -y -i {in} "
GST = "gst-launch-1.0 -q filesrc location={in} ! wavparse ! "
ECA = "ecasound -q -z:nodb -B:nonrt -b:4096 "
DOWN, UP = "0.70794578438", "1.41253754462"


def chain(count: int, unit: str, between: str) -> str:
    """−3 dB and +3 dB in turn; `unit` takes decibels as {0} and the factor as {1}."""
    return between.join(unit.format(*(("-3", DOWN) if k % 2 == 0 else ("3", UP))) for k in range(count))


def ours(pipeline: str, **variables: str) -> str:
    return f"{{syrinx}} run {HERE}/{pipeline} --quiet --var in={{in}} --var out={{out}}" + "".join(
        f" --var {name}={value}" for name, value in variables.items()
    )


# Job: what it is, the input's samples, the output's ending, and what each program is told.
JOBS = {
    "a": ("s16 to f32", "s16", "wav", {
        "syrinx": ours("convert.json"), "sox": "sox {in} -e floating-point -b 32 {out}",
        "ffmpeg": FF + "-c:a pcm_f32le {out}",
        "GStreamer": GST + "audioconvert ! audio/x-raw,format=F32LE ! wavenc ! filesink location={out}",
        "ecasound": ECA + "-f:s16_le,2,48000 -i {in} -f:f32_le,2,48000 -o {out}"}),
    "b_f32": ("gain of -3 dB, f32", "f32", "wav", {
        "syrinx": ours("gain-f32.json"), "sox": "sox {in} -e floating-point -b 32 {out} vol -3dB",
        "ffmpeg": FF + "-af volume=-3dB -c:a pcm_f32le {out}",
        "GStreamer": GST + f"volume volume={DOWN} ! wavenc ! filesink location={{out}}",
        "ecasound": ECA + "-f:f32_le,2,48000 -i {in} -eadb:-3 -f:f32_le,2,48000 -o {out}"}),
    "b_s16": ("gain of -3 dB, s16, no dither", "s16", "wav", {
        "syrinx": ours("gain-s16.json"), "sox": "sox -D {in} {out} vol -3dB",
        "ffmpeg": FF + "-af volume=-3dB -c:a pcm_s16le {out}",
        "GStreamer": GST + f"volume volume={DOWN} ! wavenc ! filesink location={{out}}",
        "ecasound": ECA + "-f:s16_le,2,48000 -i {in} -eadb:-3 -f:s16_le,2,48000 -o {out}"}),
    "c": ("48 to 44.1 kHz, f32", "f32", "wav", {
        "syrinx best": ours("to44100.json", quality="best"), "syrinx high": ours("to44100.json", quality="high"),
        "sox -v": "sox {in} -e floating-point -b 32 {out} rate -v 44100",
        "sox -h": "sox {in} -e floating-point -b 32 {out} rate -h 44100",
        "ffmpeg soxr 28": FF + "-af aresample=44100:resampler=soxr:precision=28 -c:a pcm_f32le {out}",
        "ffmpeg soxr 20": FF + "-af aresample=44100:resampler=soxr:precision=20 -c:a pcm_f32le {out}",
        "GStreamer q10": GST + "audioresample quality=10 ! audio/x-raw,rate=44100 ! wavenc ! filesink location={out}"}),
    "d": ("to 16 kHz mono s16", "s16", "wav", {
        "syrinx high": ours("voice16k.json", quality="high"), "syrinx medium": ours("voice16k.json", quality="medium"),
        "sox -h": "sox -D {in} -b 16 {out} remix - rate -h 16000",
        "ffmpeg soxr 20": FF + "-af aresample=16000:ochl=mono:resampler=soxr -c:a pcm_s16le {out}",
        "GStreamer q10": GST + "audioconvert dithering=none ! audioresample quality=10 ! "
        "audio/x-raw,rate=16000,channels=1,format=S16LE ! wavenc ! filesink location={out}"}),
    "e": ("-3 dB, 44.1 kHz, FLAC of 16 bits", "s16", "flac", {
        "syrinx high": ours("master-flac.json", quality="high"),
        "syrinx high, level 4": ours("master-flac.json", quality="high", ratio="0.5"),
        "sox -h": "sox -D {in} -b 16 -C 5 {out} vol -3dB rate -h 44100",
        "ffmpeg soxr 20": FF + "-af volume=-3dB,aresample=44100:resampler=soxr -sample_fmt s16 -c:a flac "
        "-compression_level 5 {out}",
        "GStreamer q10": GST + f"volume volume={DOWN} ! audioresample quality=10 ! audio/x-raw,rate=44100 ! "
        "flacenc quality=5 ! filesink location={out}"}),
    "f": ("32 gains in a row, f32", "f32", "wav", {
        "syrinx": ours("gain32.json"),
        "sox": "sox {in} -e floating-point -b 32 {out} " + chain(32, "vol {0}dB", " "),
        "ffmpeg": FF + "-af " + chain(32, "volume={0}dB", ",") + " -c:a pcm_f32le {out}",
        "GStreamer": GST + chain(32, "volume volume={1}", " ! ") + " ! wavenc ! filesink location={out}",
        "ecasound": ECA + "-f:f32_le,2,48000 -i {in} " + chain(32, "-eadb:{0}", " ") + " -f:f32_le,2,48000 -o {out}"}),
    "loudness": ("EBU R128 with true peak, nothing written", "s16", None, {
        "syrinx": "{syrinx} run " + f"{HERE}/loudness.json --quiet --var in={{in}}",
        "ffmpeg": FF + "-af ebur128=peak=true:framelog=verbose -f null -"}),
}  # fmt: skip


def make(path: pathlib.Path, kind: str, seconds: int) -> None:
    """Stereo at 48 kHz: ten seconds of noise with a slow swell, again and again."""
    chance = random.Random(1)
    once = [chance.gauss(0, 0.15) * (0.2 + (k // 48_000 % 10) / 12) for k in range(2 * 480_000)]
    once = [max(-0.95, min(0.95, value)) for value in once]
    if kind == "f32":
        block, code, width = array.array("f", once).tobytes(), 3, 4
    else:
        block, code, width = array.array("h", (round(32767 * value) for value in once)).tobytes(), 1, 2
    total = 48_000 * 2 * width * seconds
    with open(path, "wb") as file:
        file.write(struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + total, b"WAVE", b"fmt ", 16, code, 2, 48_000,
                               96_000 * width, 2 * width, 8 * width, b"data", total))  # fmt: skip
        while total > 0:
            total -= file.write(block[:total])


def timed(command: str) -> tuple[float, float, float]:
    """Wall and CPU seconds of a whole process, and the most memory that it held, in MB."""
    words = shlex.split(command)
    quiet = os.open(os.devnull, os.O_RDWR)
    start = time.monotonic()
    pid = os.posix_spawnp(words[0], words, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, quiet, n) for n in (0, 1, 2)])
    _, status, usage = os.wait4(pid, 0)
    wall = time.monotonic() - start
    os.close(quiet)
    if status != 0:
        sys.exit(f"failed with {status}: {command}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def turns(rounds: int, commands: dict[str, str], after=lambda name: None) -> dict[str, list]:
    """Each command's times, all of them in turn, round after round; the first one does not count."""
    times = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            taken = timed(command)
            after(name)
            if number > 0:
                times[name].append(taken)
    return times


def middle(values) -> float:
    return statistics.median(values)


def jobs(given, root: pathlib.Path, fill) -> None:
    print("| job | program | wall s | CPU s | peak MB | CPU over ours | wall over ours | output MB |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    for job in given.jobs.split(","):
        title, kind, ending, programs = JOBS[job]
        out = root / f"out.{ending}"
        commands = {name: fill(command, kind, out) for name, command in programs.items()
                    if name.startswith("syrinx") or shutil.which(command.split()[0])}  # fmt: skip
        sizes = {}

        def measure(name: str) -> None:
            sizes[name] = out.stat().st_size / 1e6 if out.exists() else 0
            out.unlink(missing_ok=True)

        times = turns(given.rounds, commands, measure)
        own = times[next(iter(commands))]
        for name, taken in sorted(times.items(), key=lambda item: middle(t[1] for t in item[1])):
            cpu, wall = (middle(their[k] / our[k] for their, our in zip(taken, own)) for k in (1, 0))
            print(f"| {job}: {title} | {name} | {middle(t[0] for t in taken):.3f} | {middle(t[1] for t in taken):.3f} "
                  f"| {max(t[2] for t in taken):.1f} | {cpu:.2f} | {wall:.2f} | {sizes[name]:.1f} |",
                  flush=True)  # fmt: skip


def chains(given, root: pathlib.Path, fill) -> None:
    """What one more gain costs: the slope between 1 and 65 of them."""
    low, high = 1, 65
    pipelines = {}
    for count in (low, high):
        nodes = ['"read": { "type": "file.source", "path": "${in}" }',
                 '"write": { "type": "file.sink", "path": "${out}", "subtype": "f32" }']  # fmt: skip
        nodes += [f'"g{k}": {{ "type": "gain", "gain_db": {-3 if k % 2 == 0 else 3} }}' for k in range(count)]
        links = " -> ".join(["read", *(f"g{k}" for k in range(count)), "write"])
        pipelines[count] = root / f"chain{count}.json"
        pipelines[count].write_text(f'{{ "syrinx": 1, "nodes": {{ {", ".join(nodes)} }}, "links": ["{links}"] }}')
    programs = {
        "syrinx": lambda k: f"{{syrinx}} run {pipelines[k]} --quiet --var in={{in}} --var out={{out}}",
        "sox": lambda k: "sox {in} -e floating-point -b 32 {out} " + chain(k, "vol {0}dB", " "),
        "ffmpeg": lambda k: FF + "-af " + chain(k, "volume={0}dB", ",") + " -c:a pcm_f32le {out}",
        "GStreamer": lambda k: GST + chain(k, "volume volume={1}", " ! ") + " ! wavenc ! filesink location={out}",
        "ecasound": lambda k: ECA + "-f:f32_le,2,48000 -i {in} " + chain(k, "-eadb:{0}", " ") + " -f:f32_le,2,48000 -o {out}",
    }  # fmt: skip
    plain = root / "chain"
    if shutil.which("cc"):
        subprocess.run(["cc", "-O3", "-march=native", "-o", plain, HERE / "chain.c"], check=True)
        programs["plain C, 1024 frames"] = lambda k: f"{plain} {k} {given.seconds}"
    out = root / "out.wav"
    commands = {}
    for name, command in programs.items():
        for count in (low, high):
            words = fill(command(count), "f32", out)
            if shutil.which(words.split()[0]):
                commands[f"{name} {count}"] = words
    times = turns(given.rounds, commands, lambda _: out.unlink(missing_ok=True))
    print("| program | ns of CPU a gain and sample | over ours |")
    print("|---|---:|---:|")
    samples = 96_000 * given.seconds * (high - low)
    slopes = {name: [1e9 * (many[1] - few[1]) / samples for few, many in zip(times[f"{name} {low}"], times[f"{name} {high}"])]
              for name in programs if f"{name} {low}" in times}  # fmt: skip
    for name, slope in sorted(slopes.items(), key=lambda item: middle(item[1])):
        print(f"| {name} | {middle(slope):.3f} | {middle(slope) / middle(slopes['syrinx']):.2f} |", flush=True)


def branches(given, root: pathlib.Path, fill) -> None:
    """Two heavy branches on one and on two cores."""
    command = "{syrinx} run " + f"{HERE}/branches.json --quiet --var in={{in}} --var out={{out}} --threads "
    out = root / "out.wav"
    commands = {str(n): fill(command + str(n), "f32", out) for n in (1, 2)}
    times = turns(given.rounds, commands, lambda _: out.unlink(missing_ok=True))
    print("| threads | wall s | CPU s | times as fast |")
    print("|---|---:|---:|---:|")
    for name, taken in times.items():
        faster = middle(one[0] / own[0] for one, own in zip(times["1"], taken))
        print(f"| {name} | {middle(t[0] for t in taken):.2f} | {middle(t[1] for t in taken):.2f} | {faster:.2f} |", flush=True)


def start(given, root: pathlib.Path, fill) -> None:
    """One second of sound through a gain: what a process costs."""
    out = root / "out.wav"
    commands = {name: fill(command, "second", out) for name, command in JOBS["b_s16"][3].items()
                if name != "ecasound" and (name == "syrinx" or shutil.which(command.split()[0]))}  # fmt: skip
    times = turns(8 * given.rounds, commands, lambda _: out.unlink(missing_ok=True))
    print("| program | wall ms | CPU ms | peak MB |")
    print("|---|---:|---:|---:|")
    for name, taken in sorted(times.items(), key=lambda item: middle(t[0] for t in item[1])):
        print(f"| {name} | {1000 * middle(t[0] for t in taken):.1f} | {1000 * middle(t[1] for t in taken):.1f} "
              f"| {max(t[2] for t in taken):.1f} |", flush=True)  # fmt: skip


TABLES = {"jobs": jobs, "chain": chains, "branches": branches, "start": start}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("command")
    options.add_argument("--seconds", type=int, default=600)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--jobs", default=",".join(JOBS))
    options.add_argument("--tables", default=",".join(TABLES))
    options.add_argument("--folder", default="/dev/shm")
    given = options.parse_args()
    root = pathlib.Path(tempfile.mkdtemp(prefix="syrinx-peers-", dir=given.folder))

    def fill(command: str, kind: str, out: pathlib.Path) -> str:
        source = root / f"{kind}.wav"
        return command.replace("{in}", str(source)).replace("{out}", str(out)).replace("{syrinx}", given.command)

    try:
        # In a process of its own: what is started from here has its maker's memory told as its own if that is larger.
        maker = os.fork()
        if maker == 0:
            for kind in ("s16", "f32"):
                make(root / f"{kind}.wav", kind, given.seconds)
            make(root / "second.wav", "s16", 1)
            os._exit(0)
        if os.waitpid(maker, 0)[1] != 0:
            sys.exit("cannot make the inputs")
        for name in given.tables.split(","):
            print(f"\n### {name}: {given.seconds} s of stereo at 48 kHz, medians of {given.rounds} rounds\n")
            TABLES[name](given, root, fill)
    finally:
        shutil.rmtree(root)


main()
