"""The same load with Hume's own Python SDK: sessions on one event loop that send a recording in pieces of 20 ms, and decode
the speech they get.

Usage: python sdk.py BASE_URL VOICE.wav SESSIONS SECONDS RAMP REPORT.json

Lateness is that of pieces after the ramp.
"""
import array
import asyncio
import base64
import io
import json
import os
import sys
import time
import wave

from hume import AsyncHumeClient
from hume.empathic_voice.types import ConnectSessionSettings, ConnectSessionSettingsAudio

base_url, voice, sessions, seconds, ramp, report = sys.argv[1:]
sessions, seconds, ramp = int(sessions), float(seconds), float(ramp)
with wave.open(voice) as file:
    rate, sound = file.getframerate(), file.readframes(file.getnframes())
piece = rate // 50 * 2
counts = {"sent_pieces": 0, "speech_pieces": 0, "speech_samples": 0, "failed": 0}
lateness = []


async def session(client, end):
    settings = ConnectSessionSettings(audio=ConnectSessionSettingsAudio(encoding="linear16", sample_rate=rate, channels=1))
    try:
        async with client.empathic_voice.chat.connect(session_settings=settings) as chat:

            async def listen():
                while True:
                    message = await chat.recv()
                    if message.type == "audio_output":
                        with wave.open(io.BytesIO(base64.b64decode(message.data))) as file:
                            samples = array.array("h", file.readframes(file.getnframes()))
                        counts["speech_pieces"] += 1
                        counts["speech_samples"] += len(samples)

            listening = asyncio.create_task(listen())
            due, place = time.monotonic(), 0
            while due < end:
                await chat._send(sound[place : place + piece])  # binary, as the SDK's microphone helper does
                counts["sent_pieces"] += 1
                if due > end - seconds + ramp:
                    lateness.append(time.monotonic() - due)
                place = (place + piece) % (len(sound) - piece)
                due += 0.02
                await asyncio.sleep(max(0, due - time.monotonic()))
            listening.cancel()
    except Exception as error:
        counts["failed"] += 1
        if counts["failed"] == 1:
            print(f"a session failed: {type(error).__name__}: {error}", file=sys.stderr)


async def main():
    client = AsyncHumeClient(base_url="http" + base_url.removeprefix("ws"), api_key=os.environ["HUME_API_KEY"])
    end = time.monotonic() + seconds
    await asyncio.gather(*(session(client, end) for _ in range(sessions)))
    late = sorted(lateness)
    if late:
        counts["late_median_ms"] = round(1e3 * late[len(late) // 2], 2)
        counts["late_p99_ms"] = round(1e3 * late[len(late) * 99 // 100], 2)
    counts["audio_s_sent_of"] = f"{counts['sent_pieces'] / 50:.0f}/{sessions * seconds:.0f}"
    json.dump(counts, open(report, "w"))


asyncio.run(main())
