#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets: seeds.py FOLDER. Small files of every form that the readers know, so that a
fuzzer starts behind the magic numbers; corpus/ holds them, and what fuzzing found besides."""

import gzip
import io
import struct
import sys
import tarfile
import zipfile
from pathlib import Path

TRACT = 0x5452


def dat(dims, bits, kind, vendor, data):
    extents = list(dims) + [0] * (8 - len(dims))
    return struct.pack("<2sBBII8IIHH76x", b"\x4e\xef", 1, 0, len(data), len(dims), *extents, bits, kind, vendor) + data


def dats():
    yield "f32", dat([2, 3], 32, 0, 0, struct.pack("<6f", *range(6)))
    yield "f16", dat([4], 16, 0, 0, bytes(8))
    yield "f64_scalar", dat([], 64, 0, 0, struct.pack("<d", 1e-5))
    yield "u8_plain", dat([3], 8, 1, 0, b"abc")
    yield "u16", dat([1], 16, 2, 0, b"ab")
    yield "i64", dat([1, 1], 64, 3, 0, bytes(8))
    yield "i32_plain", dat([0, 5], 32, 4, 0, b"")
    yield "bool_bits", dat([3, 3], 1, 5, 0, b"\xa1\x80")
    yield "bool_bytes", dat([2], 8, 5, 0, b"\0\1")
    yield "strings", dat([2], 0xFFFFFFFF, 0x1000, TRACT, struct.pack("<I2sI3s", 2, b"ab", 3, "k\u00e9".encode()))
    yield "q4", dat([1, 32], 0xFFFFFFFF, 0x3040, TRACT, b"\0\x38" + bytes(range(16)))
    yield "q4_sequential", dat([2, 32], 0xFFFFFFFF, 0x2040, TRACT, (b"\0\x38" + bytes(range(16))) * 2)


def npy(descr, fortran, shape, data, version=1):
    header = f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}"
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header.encode() + data


def npz(method, members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return out.getvalue()


def npzs():
    x = npy("<f4", False, (2, 3), bytes(24))
    yield "array", x
    yield "array_big_fortran", npy(">i2", True, (2, 3), bytes(range(12)))
    yield "array_format_2", npy("|b1", False, (), b"\1", version=2)
    yield "stored", npz(zipfile.ZIP_STORED, [("turn_0/x.npy", x), ("turn_1/x.npy", x)])
    yield "deflated", npz(zipfile.ZIP_DEFLATED, [("x.npy", npy("<f8", False, (64,), bytes(512)))])


GRAPH = """version 1.0;

extension tract_registry kvproof;
extension tract_registry tract_core;
extension tract_registry tract_transformers;
extension tract_symbol S;
extension tract_assert S >= 1;

fragment tract_core_properties(
) -> (properties: (string, tensor<scalar>)[])
{
  properties = [("tract_nnef_ser_version", "0.23.6"), ("tract_nnef_format_version", "beta1")];
}

"""

GRAPHS = {
    "attention": """graph network(q, k, v) -> (out) {
  q = tract_core_external(shape = [1, 4, S, 8], datum_type = "F32");
  k = tract_core_external(shape = [1, 2, S, 8], datum_type = "F32");
  v = tract_core_external(shape = [1, 2, S, 8], datum_type = "F32");
  past = tract_transformers_dyn_kv_cache(k, name = "k", axis = 2, datum_type = "f32",
         past_sequence_shape = [1, 2, P, 8], input_sequence_shape = [1, 2, S, 8]);
  out = tract_transformers_sdpa(q, k, v, is_causal = true, datum_type = "f32", acc_datum_type = "f32", scale = 0.125);
}
""",
    "window": """graph network(q, k, v) -> (out) {
  q = external(shape = [1, 1, 1, 2]); k = external(shape = [1, 1, 1, 2]); v = external(shape = [1, 1, 1, 2]);
  out = tract_transformers_window_kv_sdpa(q, k, v, axis = 2, window = 4);
}
""",
    "fragment": """fragment twice<? = scalar>(x: tensor<scalar>, by: scalar = 2.0) -> (y: tensor<scalar>)
{
  y = x * by + 1.0;
}

graph network(x) -> (y, z) {
  x = external<scalar>(shape = [2, 3]);
  w = variable<scalar>(label = "w", shape = [2, 3]);
  a = twice(x, by = 3.0);
  ( z ) = concat([a, w, [[1.0, -2e-3, inf]]], axis = 0);
  y = softmax(matmul(a, w, transposeB = true), axes = [1]);
}
""",
    "operators": """graph network(x, i, m) -> (y, z, t) {
  x = tract_core_external(shape = [1, 2, S, 4], datum_type = "F32");
  i = tract_core_external(shape = [1, S], datum_type = "I64");
  m = tract_core_external(shape = [S, S], datum_type = "Bool");
  g = tract_core_gather([[0.5, 1.0, 1.5, 2.0]], i, axis = 0);
  e = tract_core_einsum([x, x], expr = "bhik,bhjk->bhij", acc = "f32", output = "");
  p = tract_transformers_scaled_masked_softmax(e, m, scale = 0.5, post_softmax_mask = true);
  n = tract_core_rms_norm(x, axis = 3, eps = 1e-5);
  r = tract_transformers_apply_rope(n, cos(x), sin(x));
  a = select(lt(x, 0.0), tract_core_silu(x), neg(r));
  b = mean_reduce(sqr(a), axes = [3]) ^ 0.5 + rsqrt(max(x, 0.1));
  u = tract_core_trilu(tile([[-1e4]], repeats = [S, S]), upper = true, k = 1);
  y = slice(b, axes = [2], begin = [-1], end = [0]);
  z = tract_core_broadcast(unsqueeze(squeeze(y, axes = [2]), axes = [2]), shape = [1, 2, S, 4]);
  t = (matmul(p, x) + unsqueeze(g, axes = [0]) - tract_core_gelu_approx(x, fast_impl = false)) / 2.0;
}
""",
    "caches": """graph network(q, k, v) -> (a, b, c) {
  q = tract_core_external(shape = [1, 2, S, 8], datum_type = "F32");
  k = tract_core_external(shape = [1, 1, S, 8], datum_type = "F32");
  v = tract_core_external(shape = [1, 1, S, 8], datum_type = "F32");
  a = tract_transformers_quantized_kv_sdpa(q, k, v, axis = 2, scale = 0.5);
  b = kvproof_kv_sdpa(q, k, v, strategy = "kivi:bits=4,group=32,residual=32", axis = 2, causal = true, softcap = 50.0);
  p = tract_transformers_quantized_dyn_kv_cache(k, name = "p", axis = 2, bits = 4, per_channel = 1, datum_type = "f32",
      past_sequence_shape = [1, 1, P, 8], input_sequence_shape = [1, 1, S, 8]);
  c = tract_transformers_inplace_kv_sdpa(q, p, v, axis = 2, causal = true, scale = 0.125);
}
""",
    "shapes": """graph network(x) -> (y) {
  x = tract_core_external(shape = [1, S, 2, 4], datum_type = "f16");
  s = tract_core_shape_of(x);
  d = slice(s, axes = [0], begin = [1], end = [2]);
  r = tract_core_range(0, (S + 1), 1);
  c = tract_core_cast(x, to = "f32");
  t = transpose(c, axes = [0, 2, 1, 3]);
  y = reshape(t, shape = [1, -1, (S * 4)]); # all of it
}
""",
}


def texts():
    for name, graph in GRAPHS.items():
        yield name, (GRAPH + graph).encode()


def models():
    for name, text in texts():
        weights = b"\0" + dat([2, 3], 32, 0, 0, struct.pack("<6f", *range(6))) if name == "fragment" else b""
        yield name, text + weights


def tar(form, names):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name in names:
            content = b"version 1.0;\ngraph network(x) -> (x) {}\n" if name.endswith("nnef") else next(dats())[1]
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()[: 512 * 8]


def archives():
    yield "gnu", tar(tarfile.GNU_FORMAT, ["graph.nnef", "w.dat"])
    yield "gnu_long_name", tar(tarfile.GNU_FORMAT, ["n" * 120 + ".dat", "graph.nnef"])
    yield "pax", tar(tarfile.PAX_FORMAT, ["./graph.nnef", "k\u00e9.dat"])
    yield "gzipped", gzip.compress(tar(tarfile.USTAR_FORMAT, ["graph.nnef", "a/w.dat"]), mtime=0)


def main(folder):
    for target, seeds in {"archive": archives, "dat": dats, "model": models, "npz": npzs, "text": texts}.items():
        (Path(folder) / target).mkdir(parents=True, exist_ok=True)
        for name, content in seeds():
            (Path(folder) / target / name).write_bytes(content)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: seeds.py FOLDER")
    main(sys.argv[1])
