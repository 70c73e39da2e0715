#!/usr/bin/env python3
"""What a gain costs in a cycle: built in, a C plugin in process, a C plugin in a process of its own, a JACK client. See README.md."""

import argparse
import glob
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time

here = os.path.dirname(os.path.abspath(__file__))
root = os.path.join(here, "../..")
parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--command", default=os.path.join(root, ".build/release/plugin-figures"))
parser.add_argument("--seconds", type=int, default=10, help="of each live measurement")
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--periods", type=int, nargs="+", default=[64, 256])
options = parser.parse_args()
command = os.path.abspath(options.command)
folder = tempfile.mkdtemp(prefix="syrinx-plugins-")
server = f"syrinx-plugins-{os.getpid()}"
environment = dict(
    os.environ, JACK_DEFAULT_SERVER=server, JACK_NO_START_SERVER="1", JACK_NO_AUDIO_RESERVATION="1",
    SYRINX_PLUGIN_PATH=folder, XDG_CACHE_HOME=folder)
RATE = 48000
# The gain as it stands in a pipeline; `none`: no gain at all, which the others are held against.
GAINS = {
    "none": None,
    "built in": {"type": "gain", "gain_db": -6},
    "C, in process": {"type": "c_gain", "gain_db": -6},
    "C, isolated": {"type": "c_gain", "gain_db": -6, "isolate": True},
}


def compile_programs():
    example = os.path.join(root, "Examples/plugins/c")
    subprocess.run(["make", "-s", "-C", example, "c_gain.so"], check=True)
    os.replace(os.path.join(example, "c_gain.so"), os.path.join(folder, "c_gain.so"))
    subprocess.run(
        ["cc", "-O3", "-o", os.path.join(folder, "hop"), os.path.join(here, "hop.c"), "-ljack"], check=True)


def write(name, source, gain, sink, block):
    nodes = {"in": source}
    if gain:
        nodes["gain"] = gain
    nodes["out"] = sink
    path = os.path.join(folder, name + ".json")
    document = {"syrinx": 1, "name": "bench", "engine": {"block_frames": block}, "nodes": nodes,
                "links": [" -> ".join(nodes)]}
    with open(path, "w") as file:
        json.dump(document, file)
    return path


def processor_time(pids):
    """ns of all threads so far."""
    total = 0
    for pid in pids:
        for name in glob.glob(f"/proc/{pid}/task/*/schedstat"):
            try:
                total += int(open(name).read().split()[0])
            except OSError:
                pass
    return total


def children(pid):
    try:
        return [int(word) for name in glob.glob(f"/proc/{pid}/task/*/children") for word in open(name).read().split()]
    except OSError:
        return []


def end(process):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
    return process.stdout.read() if process.stdout else b""


def live(kind, period, jackd):
    """us of processor time a cycle: clients, helper and server; and what the JACK client says."""
    hop = None
    source = {"type": "jack.source", "channels": 1, "connect": ["system:capture_1"]}
    sink = {"type": "jack.sink", "channels": 1, "connect": ["system:playback_1"], "soft_start_ms": 0}
    if kind == "JACK client":
        hop = subprocess.Popen(
            [os.path.join(folder, "hop"), "system:capture_1"], env=environment, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)
        time.sleep(0.5)
        source["connect"] = ["hop:out"]
    path = write("live", source, GAINS.get(kind), sink, period)
    ours = subprocess.Popen([command, "run", path], env=environment, stderr=subprocess.DEVNULL)
    time.sleep(2)
    pids = [jackd.pid, ours.pid] + children(ours.pid) + ([hop.pid] if hop else [])
    before, start = processor_time(pids), time.monotonic()
    time.sleep(options.seconds)
    used = processor_time(pids) - before
    cycles = (time.monotonic() - start) * RATE / period
    end(ours)
    said = end(hop).decode().split() if hop else None
    return used / 1e3 / cycles, said


def offline(kind, block, seconds=20):
    """us of a cycle flat out, where the driver waits for each answer: wall and processor time."""
    path = write(
        "offline", {"type": "signal", "shape": "sine", "frequency_hz": 440, "rate_hz": RATE, "duration_s": seconds},
        GAINS[kind], {"type": "meter", "interval_s": 60}, block)
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([command, "run", path], env=environment, check=True, stderr=subprocess.DEVNULL)
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    cycles = seconds * RATE / block
    return wall / cycles * 1e6, used / cycles * 1e6


def middle(values):
    return f"{statistics.median(values):.1f} ({min(values):.1f}…{max(values):.1f})"


def start_server(period):
    process = subprocess.Popen(
        ["jackd", "-n", server, "-R", "-d", "dummy", "-r", str(RATE), "-p", str(period)], env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(100):
        if subprocess.run(["jack_lsp"], env=environment, capture_output=True).returncode == 0:
            return process
        time.sleep(0.1)
    sys.exit("jackd did not start")


compile_programs()
print("ns of a block of mono, by the slope between 33 gains in a row and one\n", flush=True)
subprocess.run([command], env=environment, check=True)
kinds = ["built in", "C, in process", "C, isolated"]
print("\nus of a cycle, over the same without a gain; median (least…most)\n")
print("| frames | gain | live: processor time | flat out: processor time | flat out: wall | JACK client, start to end: p50, p99 |")
print("| --- | --- | --- | --- | --- | --- |")
for period in options.periods:
    jackd = start_server(period)
    costs, walls, useds, said = {}, {}, {}, []
    try:
        # They take turns, so that what else runs here falls on all of them.
        for _ in range(options.rounds):
            base, _ = live("none", period, jackd)
            still_wall, still_used = offline("none", period)
            for kind in kinds + ["JACK client"]:
                used, words = live(kind, period, jackd)
                costs.setdefault(kind, []).append(used - base)
                if words:
                    said.append((float(words[1]), float(words[2])))
                else:
                    wall, used = offline(kind, period)
                    walls.setdefault(kind, []).append(wall - still_wall)
                    useds.setdefault(kind, []).append(used - still_used)
    finally:
        end(jackd)
    for kind in kinds + ["JACK client"]:
        flat = [middle(useds[kind]), middle(walls[kind])] if kind in walls else ["–", "–"]
        hop = "–" if kind in walls else f"{statistics.median(s[0] for s in said):.0f}, {statistics.median(s[1] for s in said):.0f}"
        print(f"| {period} | {kind} | {middle(costs[kind])} | {flat[0]} | {flat[1]} | {hop} |", flush=True)
