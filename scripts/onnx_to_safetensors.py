#!/usr/bin/env python3
"""Writes the weights of Silero VAD's 16 kHz ONNX file as a safetensors file, under the names of the package's own.

usage: onnx_to_safetensors.py IN.onnx OUT.safetensors

The package's silero_vad_16k.safetensors comes from another training run than its ONNX files, so the two tell different
probabilities. This gives the ONNX files' in the form that `vad` reads. Standard library only; the same bytes every time.
"""
import json
import struct
import sys

LAYERS = {"model.stft.forward_basis_buffer": "stft_conv.weight"}
for index in range(4):
    for end in ("weight", "bias"):
        LAYERS[f"model.encoder.{index}.reparam_conv.{end}"] = f"conv{index + 1}.{end}"
for end in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
    LAYERS[f"model.decoder.rnn.{end}"] = f"lstm_cell.{end}"
for end in ("weight", "bias"):
    LAYERS[f"model.decoder.decoder.2.{end}"] = f"final_conv.{end}"


def varint(data, place):
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7


def fields(data):
    """The fields of a protocol buffer message: number and value, which is a whole number or bytes."""
    place = 0
    while place < len(data):
        key, place = varint(data, place)
        kind = key & 7
        if kind == 0:
            value, place = varint(data, place)
        else:
            length = {1: 8, 5: 4}.get(kind)
            if kind == 2:
                length, place = varint(data, place)
            if length is None or place + length > len(data):
                raise SystemExit("the ONNX file is damaged")
            value, place = data[place : place + length], place + length
        yield key >> 3, value


def tensor(data):
    """Name, shape and raw floats of a TensorProto; None for the floats of what holds others."""
    name, shape, raw, kind = "", [], None, 0
    for number, value in fields(data):
        if number == 1 and isinstance(value, int):
            shape.append(value)
        elif number == 1:
            place = 0
            while place < len(value):
                size, place = varint(value, place)
                shape.append(size)
        elif number == 2:
            kind = value
        elif number == 4:
            raw = value
        elif number == 8:
            name = value.decode()
        elif number == 9:
            raw = value
    return name, shape, raw if kind == 1 else None


def weights(model):
    """All float tensors of a model by name: initialisers, and constants by the name of their output."""
    found = {}
    graph = next(value for number, value in fields(model) if number == 7)
    for number, value in fields(graph):
        if number == 5:
            name, shape, raw = tensor(value)
            found[name] = (shape, raw)
        elif number == 1:
            output, constant = "", None
            for part, inner in fields(value):
                if part == 2:
                    output = output or inner.decode()
                elif part == 5:
                    for key, held in fields(inner):
                        if key == 5:
                            constant = tensor(held)
            if constant:
                found[output] = constant[1:]
    return found


def main():
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    with open(sys.argv[1], "rb") as file:
        found = weights(file.read())
    header, data = {}, b""
    for source, name in LAYERS.items():
        if source not in found or found[source][1] is None:
            raise SystemExit(f"{sys.argv[1]} holds no {source}")
        shape, raw = found[source]
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(sys.argv[2], "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


if __name__ == "__main__":
    main()
