"""Small tensors and the files that hold them: npz, and safetensors (8 bytes of header length, a JSON header, data)."""

import ast
import json
import math
import random
import struct
import zipfile
from pathlib import Path

FORMATS = {"F32": "f", "F64": "d", "I64": "q", "BOOL": "?"}
NUMPY = {"<f4": "F32", "<f8": "F64", "<i8": "I64", "|b1": "BOOL"}


class Tensor:
    """A type as safetensors spells it, a shape, and the elements in row-major order."""

    def __init__(self, shape, values, dtype="F32"):
        self.shape, self.dtype = list(shape), dtype
        packed = struct.pack(f"<{math.prod(shape)}{FORMATS[dtype]}", *values)
        self.values = list(struct.unpack(f"<{math.prod(shape)}{FORMATS[dtype]}", packed))


def normal(seed, shape, scale=1.0):
    draw = random.Random(seed)
    return Tensor(shape, [draw.gauss(0, scale) for _ in range(math.prod(shape))])


def integers(seed, shape, low, high):
    draw = random.Random(seed)
    return Tensor(shape, [draw.randint(low, high) for _ in range(math.prod(shape))])


def dat(shape, bits, kind, data, vendor=0):
    """A .dat file of NNEF: 128 bytes of header, the data."""
    extents = list(shape) + [0] * (8 - len(shape))
    head = struct.pack("<2sBBII8IIHH76x", b"\x4e\xef", 1, 0, len(data), len(shape), *extents, bits, kind, vendor)
    return head + data


def write(path, tensors):
    header, data = {}, b""
    for name, tensor in tensors.items():
        packed = struct.pack(f"<{len(tensor.values)}{FORMATS[tensor.dtype]}", *tensor.values)
        offsets = [len(data), len(data) + len(packed)]
        header[name] = {"dtype": tensor.dtype, "shape": tensor.shape, "data_offsets": offsets}
        data += packed
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    Path(path).write_bytes(struct.pack("<Q", len(text)) + text + data)


def read(path):
    file = Path(path).read_bytes()
    length = struct.unpack("<Q", file[:8])[0]
    header = json.loads(file[8 : 8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        count = math.prod(entry["shape"])
        values = struct.unpack(f"<{count}{FORMATS[entry['dtype']]}", file[begin:end])
        tensors[name] = Tensor(entry["shape"], values, entry["dtype"])
    return tensors


def read_npz(path):
    tensors = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            file = archive.read(name)
            length = struct.unpack("<H", file[8:10])[0]
            header = ast.literal_eval(file[10 : 10 + length].decode().strip())
            dtype = NUMPY[header["descr"]]
            count = math.prod(header["shape"])
            values = struct.unpack(f"<{count}{FORMATS[dtype]}", file[10 + length :])
            tensors[name.removesuffix(".npy")] = Tensor(header["shape"], values, dtype)
    return tensors
