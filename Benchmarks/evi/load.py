#!/usr/bin/env python3
"""Many sessions in one process at real time, the server in another: processor time and memory a session, sound in time.

  evi/load.py syrinx --sessions 100 --seconds 15 --command SYRINX (--emulator SYRINX | --peer EVI_FIGURES) [--rate 48000]
  evi/load.py sdk    --sessions 100 --seconds 15 --python PYTHON  (--emulator SYRINX | --peer EVI_FIGURES) [--rate 48000]

PYTHON is that of an environment with the package `hume`. All sessions of a process hear the same recording, two seconds
of sound in five; each decodes what it is answered. Processor time and memory are those of the process with the sessions,
between the end of the ramp and the end of the run; the server's processor time is told beside it.
"""
import argparse, array, json, math, os, random, signal, subprocess, sys, tempfile, time, wave

here = os.path.dirname(os.path.abspath(__file__))
parser = argparse.ArgumentParser()
parser.add_argument("client", choices=["syrinx", "sdk"])
parser.add_argument("--sessions", type=int, default=100)
parser.add_argument("--seconds", type=float, default=15, help="measured time; the ramp comes before it")
parser.add_argument("--ramp", type=float, default=5)
parser.add_argument("--rate", type=int, default=48000)
parser.add_argument("--command", default=os.path.join(here, "../../.build/release/syrinx"))
parser.add_argument("--python", default=sys.executable)
parser.add_argument("--emulator")
parser.add_argument("--peer")
parser.add_argument("--pin", action="store_true", help="the sessions on processor 0 alone")
options = parser.parse_args()
folder = tempfile.mkdtemp(prefix="evi-load-")
voice = os.path.join(folder, "voice.wav")


def record(path, seconds, rate):
    """Two seconds of a buzz with the rhythm of syllables, three of quiet, over and over."""
    randomness = random.Random(1)
    turn = array.array("h")
    for k in range(5 * rate):
        time_s = k / rate
        level = 6000 * abs(math.sin(math.pi * 4 * time_s)) if time_s < 2 else 3
        turn.append(int(level * (((time_s * 120) % 1) - 0.5) + randomness.uniform(-3, 3)))
    with wave.open(path, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        for _ in range(math.ceil(seconds / 5)):
            file.writeframes(turn.tobytes())


def processor(pid):
    """Seconds of processor time of all threads so far."""
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024


def pipeline(path, report):
    nodes = {"mic": {"type": "file.source", "path": voice}}
    links = []
    for k in range(options.sessions):
        nodes[f"evi{k}"] = {"type": "evi", "api_key": "${env:HUME_API_KEY}", "base_url": "${env:HUME_BASE_URL}"}
        links.append(f"mic -> evi{k}")
    json.dump({"syrinx": 1, "engine": {"block_frames": options.rate // 100}, "nodes": nodes, "links": links}, open(path, "w"))
    return [options.command, "run", path, "--driver", "timer", "--duration", str(options.ramp + options.seconds + 1),
            "--report", report, "--quiet"]


record(voice, options.ramp + options.seconds + 10, options.rate)
environment = dict(os.environ, HUME_API_KEY="a-key-for-loopback-only")
if options.emulator:
    server = [options.emulator, "evi", "emulate", "--plain-voice"]
else:
    server = [options.peer, "peer"]
server = subprocess.Popen(server, env=environment, stdout=subprocess.PIPE, text=True)
address = server.stdout.readline().strip().removeprefix("HUME_BASE_URL=")
environment["HUME_BASE_URL"] = address
report = os.path.join(folder, "report.json")
try:
    if options.client == "syrinx":
        command = pipeline(os.path.join(folder, "load.json"), report)
    else:
        command = [options.python, os.path.join(here, "sdk.py"), address, voice, str(options.sessions),
                   str(options.ramp + options.seconds + 1), str(options.ramp), report]
    if options.pin:
        command = ["taskset", "-c", "0"] + command
    begin = time.time()
    client = subprocess.Popen(command, env=environment, stderr=open(os.path.join(folder, "log"), "w"))
    time.sleep(options.ramp)
    if client.poll() is not None:
        sys.exit(f"{options.client} ended with {client.returncode}:\n" + open(os.path.join(folder, "log")).read()[:2000])
    before, before_server, start = processor(client.pid), processor(server.pid), time.time()
    time.sleep(options.seconds)
    took = time.time() - start
    used, used_server, memory = processor(client.pid) - before, processor(server.pid) - before_server, resident(client.pid)
    try:
        client.wait(timeout=60)
    except subprocess.TimeoutExpired:
        client.send_signal(signal.SIGTERM)
        client.wait(timeout=30)
    wall = time.time() - begin
    share = used / took
    print(f"{options.client}: {options.sessions} sessions at {options.rate} Hz for {took:.1f} s, exit {client.returncode}, {wall:.1f} s in all")
    print(f"  processor {100 * share:.1f} % of a core, {1e3 * share / options.sessions:.3f} ms/s a session; "
          f"by that {options.sessions / share:.0f} a core; the server {100 * used_server / took:.0f} %")
    print(f"  resident {memory or 0:.1f} MiB, {1024 * (memory or 0) / options.sessions:.0f} KiB a session with all of the process")
    if os.path.exists(report):
        told = json.load(open(report))
        if options.client == "sdk":
            print("  " + ", ".join(f"{key} {value}" for key, value in told.items()))
        else:
            figures = [node.get("figures", node) for name, node in told["nodes"].items() if name.startswith("evi")]
            keys = ["sent_pieces", "filled_ms", "dropped_late_ms", "dropped_outage_ms", "dropped_frames", "speech_pieces",
                    "speech_late", "speech_skipped", "speech_dry", "interruptions", "reconnects", "errors", "warnings"]
            print("  " + ", ".join(f"{k} {sum(f.get(k, 0) or 0 for f in figures):.0f}" for k in keys))
            trips = [f["round_trip_ms"] for f in figures if f.get("round_trip_ms")]
            if trips:
                print(f"  round trip: mean {sum(trips) / len(trips):.2f}, max {max(trips):.2f} ms")
            print("  " + ", ".join(f"{key} {told[key]}" for key in ("outcome", "seconds", "wall_s", "xruns") if key in told))
finally:
    server.terminate()
    server.wait()
