"""Safetensors files of float32 in and out, with numpy alone: enough for the yardstick."""

import json
import struct

import numpy as np
import torch


def read(path):
    """Float32 and float64 tensors of a file by name."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    header.pop("__metadata__", None)
    kinds = {"F32": "<f4", "F64": "<f8"}
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        values = np.frombuffer(data[begin:end], dtype=kinds[entry["dtype"]])
        tensors[name] = torch.from_numpy(values.reshape(entry["shape"]).copy())
    return tensors


def write(path, tensors):
    """Writes float32 tensors."""
    header, pieces, at = {}, [], 0
    for name, tensor in tensors.items():
        piece = tensor.detach().contiguous().numpy().astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [at, at + len(piece)]}
        pieces.append(piece)
        at += len(piece)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(pieces))


def by_prefix(tensors):
    """{'psi/x': a, 'phi/x': b} to {'psi': {'x': a}, 'phi': {'x': b}}."""
    result = {}
    for name, value in tensors.items():
        prefix, rest = name.split("/", 1)
        result.setdefault(prefix, {})[rest] = value
    return result
