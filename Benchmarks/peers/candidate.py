#!/usr/bin/env python3
"""Writes the peers' harness's candidate file for the release command of this tree to standard output."""
import json
import pathlib

here = pathlib.Path(__file__).resolve().parent
command = here.parent.parent / ".build/release/syrinx"


def run(pipeline, *variables):
    more = "".join(f" --var {name}={value}" for name, value in variables)
    return f"{command} run {here / pipeline} --var in={{in}} --var out={{out}}{more}"


qualities = ("fast", "medium", "high", "best")
offline = {
    "a_convert": {"": run("convert.json")},
    "b_gain_f32": {"": run("gain-f32.json")},
    "b_gain_s16": {"": run("gain-s16.json")},
    "c_resample": {quality: run("to44100.json", ("quality", quality)) for quality in qualities},
    "d_voice": {quality: run("voice16k.json", ("quality", quality)) for quality in qualities},
    "e_flac": {quality: run("master-flac.json", ("quality", quality)) for quality in qualities},
    "f_chain32": {"": run("gain32.json")},
}
print(
    json.dumps(
        {
            "offline": {"syrinx": offline},
            "memory": [["syrinx", "d_voice", "medium"], ["syrinx", "e_flac", "medium"]],
            "startup": {
                "version": {"syrinx": f"{command} --version"},
                "one_second": {"syrinx": run("voice16k.json", ("quality", "medium"))},
            },
            "resample": {
                f"syrinx {quality}": {"cmd": run("resample.json", ("quality", quality), ("rate", "{rate}"))}
                for quality in qualities
            },
        },
        indent=2,
    )
)
