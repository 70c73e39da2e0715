#!/usr/bin/env python3
"""Real time on a JACK server without a sound card: one pipeline of many nodes, beside a bare C client in the same minutes,
and beside as many clients of one node each.

  live/jack.py [--seconds 600] [--period 64] [--rate 48000] [--nodes 32] [--command SYRINX] [--bare PROGRAM]

PROGRAM is run as `PROGRAM -t SECONDS -n 1 -l` with JACK_DEFAULT_SERVER set and prints one line of JSON with `cycles`, `xruns`,
`callback_us` and `interval_gt_1_5`. Without it that column is left out. Times are in microseconds.
"""
import argparse, glob, json, os, signal, subprocess, sys, tempfile, time

here = os.path.dirname(os.path.abspath(__file__))
parser = argparse.ArgumentParser()
parser.add_argument("--seconds", type=int, default=600)
parser.add_argument("--single-seconds", type=int, default=20)
parser.add_argument("--period", type=int, default=64)
parser.add_argument("--rate", type=int, default=48000)
parser.add_argument("--nodes", type=int, default=32)
parser.add_argument("--command", default=os.path.join(here, "../../.build/release/syrinx"))
parser.add_argument("--bare")
options = parser.parse_args()
server = f"syrinx-live-{os.getpid()}"
environment = dict(os.environ, JACK_DEFAULT_SERVER=server, JACK_NO_AUDIO_RESERVATION="1")
folder = tempfile.mkdtemp(prefix="syrinx-live-")


def runtime(pid):
    """Nanoseconds of processor time of all threads so far."""
    total = 0
    for name in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        try:
            total += int(open(name).read().split()[0])
        except OSError:
            pass
    return total


def chain(name, count, source, sink):
    """A pipeline of `count` gains between two pairs of JACK ports."""
    nodes = {"in": {"type": "jack.source", "channels": 2, "connect": source}}
    for index in range(count):
        nodes[f"gain{index}"] = {"type": "gain", "gain_db": -0.01}
    nodes["out"] = {"type": "jack.sink", "channels": 2, "connect": sink, "soft_start_ms": 0}
    path = os.path.join(folder, name + ".json")
    links = [" -> ".join(nodes)]
    json.dump({"syrinx": 1, "name": name, "nodes": nodes, "links": links}, open(path, "w"))
    return path


def start_server():
    command = ["jackd", "-n", server, "-R", "-d", "dummy", "-r", str(options.rate), "-p", str(options.period)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(100):
        if subprocess.run(["jack_lsp"], env=environment, capture_output=True).returncode == 0:
            return process
        time.sleep(0.1)
    sys.exit("jackd did not start")


def run(path, *more):
    return subprocess.Popen(
        [options.command, "run", path, "--quiet", *more], env=environment, stderr=subprocess.DEVNULL)


ports = ["system:capture_1", "system:capture_2"], ["system:playback_1", "system:playback_2"]
jackd = start_server()
print(f"jackd -R -d dummy -r {options.rate} -p {options.period}; {options.nodes} gains, stereo; {options.seconds} s")
try:
    report = os.path.join(folder, "report.json")
    ours = run(chain("many", options.nodes, *ports), "--duration", str(options.seconds), "--report", report)
    bare = None
    if options.bare:
        bare = subprocess.run(
            [options.bare, "-t", str(options.seconds), "-n", "1", "-l"], env=environment, stdout=subprocess.PIPE, text=True)
    ours.wait(options.seconds + 60)
    told = json.load(open(report))
    cycle = told["cycle"]
    print(f"syrinx: {cycle['count']} cycles of {cycle['period_us']:.0f} us, {cycle['late']} ended late; callback p50 "
          f"{cycle['p50_us']:.1f} ({cycle['p50_percent']:.2f} %), p99 {cycle['p99_us']:.1f} ({cycle['p99_percent']:.2f} %), "
          f"p99.9 {cycle['p999_us']:.1f} ({cycle['p999_percent']:.2f} %), max {cycle['max_us']:.1f} "
          f"({cycle['max_percent']:.1f} %); latest wake {cycle['latest_wake_us']:.0f}")
    kinds = {}
    for fault in told["xrun_list"]:
        kinds[fault["kind"]] = kinds.get(fault["kind"], 0) + 1
    print(f"        {told['xruns']} xruns told, of the first {len(told['xrun_list'])}: {kinds}")
    if bare:
        figures = json.loads(bare.stdout)
        print(f"bare C: {figures['cycles']} cycles, {figures['xruns']} xruns told, {figures['interval_gt_1_5']} wakes later than "
              f"half a period; callback p50 {figures['callback_us']['p50']:.2f}, max {figures['callback_us']['max']:.1f}")

    # The same chain in one client, and as one client for each gain: processor time of the clients and of the server.
    def cost(processes):
        time.sleep(3)
        pids = [process.pid for process in processes] + [jackd.pid]
        before, start = sum(map(runtime, pids)), time.monotonic()
        time.sleep(options.single_seconds)
        cycles = (time.monotonic() - start) * options.rate / options.period
        used = (sum(map(runtime, pids)) - before) / 1e3 / cycles
        for process in processes:
            process.send_signal(signal.SIGINT)
        for process in processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
        return used

    one = cost([run(chain("many", options.nodes, *ports))])
    processes = []
    for index in range(options.nodes):
        source = ports[0] if index == 0 else [f"single{index - 1}:out_1", f"single{index - 1}:out_2"]
        processes.append(run(chain(f"single{index}", 1, source, ports[1] if index == options.nodes - 1 else [])))
        # One after the other: jackd 1.9.21 can block for ever on many clients that come at once.
        for _ in range(100):
            known = subprocess.run(["jack_lsp"], env=environment, capture_output=True, text=True, timeout=30).stdout
            if f"single{index}:out_2" in known:
                break
            time.sleep(0.1)
    many = cost(processes)
    print(f"cost of a cycle, clients and server: one client of {options.nodes} nodes {one:.0f} us; {options.nodes} clients of one "
          f"node {many:.0f} us, {many / one:.1f} times as much")
finally:
    for process in [p for p in globals().get("processes", []) if p.poll() is None]:
        process.kill()
    jackd.terminate()
    try:
        jackd.wait(10)
    except subprocess.TimeoutExpired:
        jackd.kill()
