"""Hume's own Python SDK in a conversation with the emulator: text, sound, a tool, an interruption, REST.

Usage: python conversation.py BASE_URL KEY VOICE.pcm SILENCE.pcm

The sound is linear16, 16 kHz, one channel. Prints every message that came, one JSON object a line, and ends with status 0
if all came as it should.
"""

import asyncio
import base64
import io
import json
import pathlib
import sys
import wave

from hume import AsyncHumeClient
from hume.empathic_voice.types import (
    AssistantInput,
    AudioConfiguration,
    AudioInput,
    ConnectSessionSettings,
    ConnectSessionSettingsAudio,
    PauseAssistantMessage,
    ResumeAssistantMessage,
    SessionSettings,
    Tool,
    ToolResponseMessage,
    UserInput,
)

LIMIT = 60


async def until(chat, kind):
    """Reads to the next message of a type and returns all that came."""
    came = []
    while True:
        message = await asyncio.wait_for(chat.recv(), LIMIT)
        print(json.dumps(message.dict()))
        assert not (message.model_extra or {}), f"unknown members: {message.model_extra}"
        came.append(message)
        if message.type == kind:
            return came


async def speak(chat, pcm, as_text):
    for start in range(0, len(pcm), 640):
        piece = pcm[start : start + 640]
        if as_text:
            await chat.send_publish(AudioInput(data=base64.b64encode(piece).decode()))
        else:
            await chat._send(piece)  # as the SDK's microphone helper does


async def main(base_url, key, voice, silence):
    client = AsyncHumeClient(base_url=base_url, api_key=key)
    settings = ConnectSessionSettings(
        audio=ConnectSessionSettingsAudio(encoding="linear16", sample_rate=16000, channels=1),
        variables={"name": "Ada", "age": 30, "kind": True},
        system_prompt="Be kind to {{name}}, ä & ö.",
    )
    async with client.empathic_voice.chat.connect(verbose_transcription=True, session_settings=settings) as chat:
        metadata = (await until(chat, "chat_metadata"))[0]
        echo = (await until(chat, "session_settings"))[-1]
        # The SDK makes a float of the number; the server spells it as it came.
        assert echo.variables == {"name": "Ada", "age": "30.0", "kind": "true"}, echo

        # Text.
        await chat.send_publish(UserInput(text="Good morning"))
        turn = await until(chat, "assistant_end")
        assert [m.type for m in turn[:3]] == ["user_message", "assistant_message", "assistant_prosody"], turn[:3]
        assert turn[0].from_text and turn[1].message.content == "You wrote: Good morning"
        frames = 0
        for piece in (m for m in turn if m.type == "audio_output"):
            with wave.open(io.BytesIO(base64.b64decode(piece.data))) as file:
                assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (48000, 2, 1)
                frames += file.getnframes()
        assert frames > 24000, frames
        # What was sent would still be heard; to speak now would interrupt it.
        await asyncio.sleep(frames / 48000)

        # Sound, both ways.
        for as_text in (True, False):
            await speak(chat, voice + silence, as_text)
            turn = await until(chat, "assistant_end")
            final = [m for m in turn if m.type == "user_message" and not m.interim]
            assert len(final) == 1 and not final[0].from_text, final
            assert len(final[0].models.prosody.scores.dict()) == 48
            assert any(m.type == "user_message" and m.interim for m in turn)
            length = sum(len(base64.b64decode(m.data)) - 44 for m in turn if m.type == "audio_output") / 96000
            await asyncio.sleep(length)

        # A tool.
        lamp = Tool(name="lamp", type="function", parameters=json.dumps({"type": "object", "properties": {"on": {"type": "boolean"}}}))
        await chat.send_publish(SessionSettings(tools=[lamp], audio=AudioConfiguration(encoding="linear16", sample_rate=16000, channels=1)))
        await until(chat, "session_settings")
        await chat.send_publish(UserInput(text="The lamp, please"))
        call = (await until(chat, "tool_call"))[-1]
        assert call.name == "lamp" and json.loads(call.parameters) == {"on": True} and call.response_required
        await chat.send_publish(ToolResponseMessage(tool_call_id=call.tool_call_id, content="it shines"))
        turn = await until(chat, "assistant_end")
        assert turn[0].message.content == "The tool lamp says: it shines"

        # An interruption, of what would go on for more than a minute.
        await chat.send_publish(AssistantInput(text="This goes on and on and never seems to end at all. " * 20))
        assert (await until(chat, "audio_output"))[0].from_text
        await speak(chat, voice, False)
        await until(chat, "user_interruption")
        await speak(chat, silence, False)
        turn = await until(chat, "assistant_end")
        assert any(m.type == "user_message" and not m.interim for m in turn)

        # A pause.
        await chat.send_publish(PauseAssistantMessage())
        await chat.send_publish(UserInput(text="Are you there?"))
        assert [m.type for m in await until(chat, "user_message")] == ["user_message"]
        await chat.send_publish(ResumeAssistantMessage())
        assert (await until(chat, "assistant_message"))[-1].message.content == "You wrote: Are you there?"
        await until(chat, "assistant_end")

    # The chat goes on in its group.
    async with client.empathic_voice.chat.connect(resumed_chat_group_id=metadata.chat_group_id) as chat:
        again = (await until(chat, "chat_metadata"))[0]
        assert again.chat_group_id == metadata.chat_group_id and again.chat_id != metadata.chat_id
        await client.empathic_voice.control_plane.send(again.chat_id, request=UserInput(text="By the control plane"))
        assert (await until(chat, "user_message"))[-1].message.content == "By the control plane"

    # REST.
    prompt = await client.empathic_voice.prompts.create_prompt(name="kind", text="Be kind.")
    config = await client.empathic_voice.configs.create_config(evi_version="3", name="mine", prompt={"id": prompt.id, "version": 0})
    assert config.prompt.text == "Be kind."
    assert [c.id async for c in await client.empathic_voice.configs.list_configs(page_size=1)] == [config.id]
    chats = [c async for c in await client.empathic_voice.chats.list_chats(page_size=1, ascending_order=True)]
    assert [c.id for c in chats] == [metadata.chat_id, again.chat_id], chats
    events = [e async for e in await client.empathic_voice.chats.list_chat_events(id=metadata.chat_id, page_size=7)]
    kinds = {e.type for e in events}
    assert {"USER_MESSAGE", "AGENT_MESSAGE", "FUNCTION_CALL", "USER_INTERRUPTION", "PAUSE_ONSET"} <= kinds, kinds
    audio = await client.empathic_voice.chats.get_audio(id=metadata.chat_id)
    assert audio.status == "COMPLETE" and audio.signed_audio_url, audio
    voices = [v async for v in await client.tts.voices.list(provider="HUME_AI")]
    assert len(voices) == 8, voices

    # Wrong credentials.
    try:
        async with AsyncHumeClient(base_url=base_url, api_key="wrong").empathic_voice.chat.connect():
            raise AssertionError("was let in")
    except Exception as error:
        assert "401" in str(error), error


if __name__ == "__main__":
    url, key, voice, silence = sys.argv[1:]
    asyncio.run(main(url, key, pathlib.Path(voice).read_bytes(), pathlib.Path(silence).read_bytes()))
