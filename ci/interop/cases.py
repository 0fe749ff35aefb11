"""What is run here and on tract: small graphs, inputs turn by turn, and what is expected of the comparison."""

import math
import struct
from dataclasses import dataclass, field
from pathlib import Path

from tensors import Tensor, dat, integers, normal, read_npz

PLAIN, OPTIMIZED = "as loaded", "optimised"


@dataclass
class Case:
    name: str
    graph: str  # the body of graph network; empty where there is a model
    turns: list  # of {input: Tensor}
    operators: list  # that tract must have made of it
    tolerance: str = "approximate"
    apply: list = field(default_factory=list)  # transforms of ours before the model is written
    portable: bool = False
    modes: tuple = (PLAIN, OPTIMIZED)
    outputs: tuple = ("out",)
    parameters: tuple = ()  # of graph network, where they are not the inputs of a turn
    folded_by: str = ""  # a transform of tract's that should come to what `apply` makes here
    files: dict = field(default_factory=dict)  # .dat files beside the text
    model: Path = None


@dataclass
class Difference:
    """A case in which both are expected to say something else. `show` makes a few numbers of an output."""

    case: Case
    mode: str
    ours: list
    theirs: list  # or part of tract's error
    why: str
    show: callable = lambda values: values
    given: str = "ours.nnef.tar"  # to tract


def inputs(**shapes):
    """Declarations of inputs: q=[1, 4, "S", 8]."""
    line = '  {} = tract_core_external(shape = [{}], datum_type = "{}");\n'
    types = {name: "bool" if name.startswith("hidden") else "f32" for name in shapes}
    return "".join(line.format(name, ", ".join(map(str, dims)), types[name]) for name, dims in shapes.items())


HQ, HKV, D = 4, 2, 8
QKV = inputs(q=[1, HQ, "S", D], k=[1, HKV, "S", D], v=[1, HKV, "S", D])
CALL = '  out = tract_transformers_sdpa({}, datum_type = "f32", acc_datum_type = "f32", is_causal = {}{});\n'
CACHE = '  {0}_all = tract_transformers_dyn_kv_cache({0}, name = "past_{0}", axis = 2, datum_type = "f32", ' + (
    f"past_sequence_shape = [1, {HKV}, P, {D}], input_sequence_shape = [1, {HKV}, S, {D}]);\n"
)


def sdpa(operands, causal="false", more=""):
    return CALL.format(operands, causal, more)


DECODE = QKV + CACHE.format("k") + CACHE.format("v") + sdpa("q, k_all, v_all", "true")


def qkv_turns(lengths, seed=1, keys=None):
    for turn, s in enumerate(lengths):
        at = seed + 10 * turn
        k = keys(at + 1, [1, HKV, s, D]) if keys else normal(at + 1, [1, HKV, s, D])
        yield {"q": normal(at, [1, HQ, s, D]), "k": k, "v": normal(at + 2, [1, HKV, s, D])}


def attention_cases():
    q, k, v = normal(1, [1, HQ, 3, D]), normal(2, [1, HKV, 5, D]), normal(3, [1, HKV, 5, D])
    free = inputs(q=[1, HQ, "S", D], k=[1, HKV, "T", D], v=[1, HKV, "T", D])
    turn = {"q": q, "k": k, "v": v}
    variants = [("", "false", ""), (" causal", "true", ""), (" with a scale", "false", ", scale = 0.125")]
    for name, causal, more in variants:
        yield Case("sdpa" + name, free + sdpa("q, k, v", causal, more), [turn], ["SDPA"])
    mask = Tensor([1, 1, 3, 5], [0.0 if j <= i + 2 else -1e4 for i in range(3) for j in range(5)])
    body = free + inputs(mask=[1, 1, "S", "T"]) + sdpa("q, k, v, mask")
    yield Case("sdpa with a mask", body, [{**turn, "mask": mask}], ["SDPA"])
    row = Tensor([1, 1, 1, 5], [0.0, -1e4, 0.5, 0.0, -1e4])
    body = free + inputs(mask=[1, 1, 1, "T"]) + sdpa("q, k, v, mask")
    yield Case("sdpa with a mask for all queries", body, [{**turn, "mask": row}], ["SDPA"], modes=(PLAIN,))
    flat = {"q": normal(4, [2, 3, D]), "k": normal(5, [2, 5, D]), "v": normal(6, [2, 5, D])}
    body = inputs(q=[2, "S", D], k=[2, "T", D], v=[2, "T", D]) + sdpa("q, k, v", "true")
    yield Case("sdpa of rank 3", body, [flat], ["SDPA"])


def cache_cases():
    turns = [{"k": turn["k"]} for turn in qkv_turns([3, 1, 2, 1])]
    yield Case("dyn_kv_cache", inputs(k=[1, HKV, "S", D]) + CACHE.format("k"), turns, ["DynamicKeyValueCache"], "exact",
               outputs=("k_all",))
    yield Case("dyn_kv_cache, sdpa: chunks", DECODE, list(qkv_turns([5, 1, 3, 1])), ["DynamicKeyValueCache", "SDPA"])
    for bits in (8, 4):
        for channels in (0, 1):
            body = inputs(k=[1, HKV, "S", D]) + (
                f'  k_all = tract_transformers_quantized_dyn_kv_cache(k, name = "past_k", axis = 2, bits = {bits}, '
                f'per_channel = {channels}, datum_type = "f32", past_sequence_shape = [1, {HKV}, P, {D}], '
                f"input_sequence_shape = [1, {HKV}, S, {D}]);\n"
            )
            name = f"quantized_dyn_kv_cache: {bits} bits, per {'channel' if channels else 'token'}"
            turns = [{"k": turn["k"]} for turn in qkv_turns([1] * 80)]
            yield Case(name, body, turns, ["QuantizedDynKeyValueCache"], outputs=("k_all",))


def fused_cases():
    body = QKV + "  out = tract_transformers_window_kv_sdpa(q, k, v, axis = 2, window = 4);\n"
    yield Case("window_kv_sdpa", body, list(qkv_turns([1] * 12)), ["WindowKvSdpa"])
    body = QKV + "  out = tract_transformers_window_kv_sdpa(q, k, v, axis = 2, window = 40, scale = 0.125);\n"
    yield Case("window_kv_sdpa with a scale, 90 turns", body, list(qkv_turns([1] * 90)), ["WindowKvSdpa"])
    # tract codes keys in steps of at least 1, so keys that are integers, the least first, lose nothing.
    def whole(seed, shape):
        return integers(seed, shape, -2, 2) if seed > 2 else Tensor(shape, [-2] * math.prod(shape))

    body = QKV + "  out = tract_transformers_quantized_kv_sdpa(q, k, v, axis = 2);\n"
    turns = list(qkv_turns([1] * 20, keys=whole))
    yield Case("quantized_kv_sdpa, keys that are integers", body, turns, ["QuantizedKvSdpa"], "very")


def transform_cases():
    turns = list(qkv_turns([1] * 12))
    for transform, operator, tolerance in [
        ("fuse_window_kv_sdpa:window=4", "WindowKvSdpa", "approximate"),
        ("quantize_kv_storage:bits=8", "QuantizedDynKeyValueCache", "approximate"),
        ("quantize_kv_storage:bits=4", "QuantizedDynKeyValueCache", "approximate"),
    ]:
        yield Case(f"decode model, written by {transform}", DECODE, turns, [operator], tolerance, apply=[transform])
    yield Case("decode model, fused and written as portable", DECODE, turns, ["DynamicKeyValueCache", "SDPA"],
               apply=["fuse_kv_sdpa:strategy=in_place"], portable=True)
    body = inputs(past_k=[1, HKV, "P", D], past_v=[1, HKV, "P", D]) + QKV
    body += "  k_all = concat([past_k, k], axis = 2);\n  v_all = concat([past_v, v], axis = 2);\n"
    body += sdpa("q, k_all, v_all", "true")
    # tract 0.23.6 takes whichever input of the concat is declared first for the cache, so that is the past.
    yield Case("decode model with caches outside", body, turns, ["DynamicKeyValueCache", "SDPA"],
               apply=["detect_kv_cache"], outputs=("out", "k_all", "v_all"),
               parameters=("past_k", "past_v", "q", "k", "v"), folded_by="transformers_detect_all")


def elementwise_cases():
    x = normal(7, [1, 2, 3, D])
    rope = inputs(x=[1, 2, "S", D], cos=[1, 1, "S", D], sin=[1, 1, "S", D])
    rope += "  out = tract_transformers_apply_rope(x, cos, sin);\n"
    angles = [i * 10000 ** (-(j % (D // 2)) / (D // 2)) for i in range(3) for j in range(D)]
    cos, sin = (Tensor([1, 1, 3, D], map(function, angles)) for function in (math.cos, math.sin))
    yield Case("apply_rope", rope, [{"x": x, "cos": cos, "sin": sin}], ["ApplyRope"])
    scores = inputs(x=[1, 2, "S", "T"], mask=[1, 1, "S", "T"])
    mask = Tensor([1, 1, 3, 8], [0.0 if j <= i + 5 else -1e4 for i in range(3) for j in range(8)])
    softmax = "  out = tract_transformers_scaled_masked_softmax(x, {}, scale = 0.25{});\n"
    turn = {"x": x, "mask": mask}
    yield Case("scaled_masked_softmax", scores + softmax.format("mask", ""), [turn], ["ScaledMaskedSoftmax"])
    hidden = Tensor([3, 8], [j <= i + 5 for i in range(3) for j in range(8)], "BOOL")
    for more in ("", ", post_softmax_mask = true"):
        body = inputs(x=[1, 2, "S", "T"], hidden=["S", "T"]) + softmax.format("hidden", more)
        turn = {"x": x, "hidden": hidden}
        yield Case("scaled_masked_softmax of bools" + more, body, [turn], ["ScaledMaskedSoftmax"])
    for name, call, operator in [
        ("rms_norm", "tract_core_rms_norm(x, axis = 3, eps = 1e-5)", "RmsNorm"),
        ("silu", "tract_core_silu(x)", "Silu"),
        ("gelu_approx", "tract_core_gelu_approx(x, fast_impl = false)", "GeluApproximate"),
    ]:
        yield Case(name, inputs(x=[1, 2, "S", D]) + f"  out = {call};\n", [{"x": x}], [operator])


def constant_cases():
    x = normal(8, [2, 3, D])
    few, many = normal(9, [D]).values, normal(10, [2 * D]).values
    row = "[" + ", ".join(f"{value!r}" for value in few) + "]"
    rows = "[" + ", ".join(f"[[{', '.join(f'{v!r}' for v in many[at : at + D])}]]" for at in (0, D)) + "]"
    body = inputs(x=[2, "S", D]) + f"  few = unsqueeze({row}, axes = [0, 1]);\n  a = x * few;\n  out = a + {rows};\n"
    yield Case("constants in the text and in .dat files", body, [{"x": x}], [])


def variable_cases():
    x = normal(11, [2, 32])
    body = inputs(x=[2, 32]) + '  w = variable<scalar>(label = "w", shape = [2, 32]);\n  out = {};\n'
    for dtype, bits, kind, packed in [
        ("f16", 16, 0, struct.pack("<64e", *normal(12, [64]).values)),
        ("f64", 64, 0, struct.pack("<64d", *normal(13, [64]).values)),
        ("i64", 64, 3, struct.pack("<64q", *range(-32, 32))),
        ("u8", 8, 2, bytes(range(64))),
        ("bool", 8, 5, bytes(i % 3 == 0 for i in range(64))),
    ]:
        use = "select(w, x, neg(x))" if dtype == "bool" else 'x + tract_core_cast(w, to = "f32")'
        files = {"w.dat": dat([2, 32], bits, kind, packed)}
        yield Case(f"a variable of {dtype}", body.format(use), [{"x": x}], [], files=files)
    blocks = b"".join(struct.pack("<e", 0.5) + bytes((7 * i + row) % 256 for i in range(16)) for row in range(4))
    body = inputs(x=["S", 32]) + '  w = variable<scalar>(label = "w", shape = [4, 32]);\n'
    body += "  out = matmul(x, w, transposeA = false, transposeB = true);\n"
    files = {"w.dat": dat([4, 32], 0xFFFFFFFF, 0x3040, blocks, vendor=0x5452)}
    yield Case("a variable of Q4_0 blocks", body, [{"x": x}], [], files=files)


def model_cases(folder):
    """Models written by others: folders with a model and io.npz, as in tract's tests, which do not optimise them."""
    for place in sorted(Path(folder).iterdir()):
        if not (place / "io.npz").exists():
            continue
        members = read_npz(place / "io.npz")
        turn = {name: tensor for name, tensor in members.items() if name.startswith("input_")}
        outputs = tuple(name for name in members if name.startswith("output_"))
        archive = place / "model.nnef.tgz"
        model = archive if archive.exists() else place
        yield Case(f"model {place.name}", "", [turn], ["SDPA"], modes=(PLAIN,), outputs=outputs, model=model)


def cases(models):
    for group in (attention_cases, cache_cases, fused_cases, transform_cases, elementwise_cases, constant_cases,
                  variable_cases):
        yield from group()
    if models:
        yield from model_cases(models)


ONES = inputs(q=[1, 1, "S", 1], k=[1, 1, "S", 1], v=[1, 1, "S", 1])


def counting(s, first=1):
    """Keys of zero give every visible token the same weight, so that an output is a mean of values."""
    zeros = Tensor([1, 1, s, 1], [0] * s)
    return {"q": zeros, "k": zeros, "v": Tensor([1, 1, s, 1], range(first, first + s))}


def differences():
    window = ONES + "  out = tract_transformers_window_kv_sdpa(q, k, v, axis = 2, window = 3);\n"
    yield Difference(
        Case("window_kv_sdpa: 5 tokens at once, window 3", window, [counting(5)], ["WindowKvSdpa"]),
        PLAIN, [1, 1.5, 2, 3, 4], [4] * 5,
        "tract lets every query of a chunk see the whole ring, which by then holds later tokens and no earlier ones")
    quantized = ONES + "  out = tract_transformers_quantized_kv_sdpa(q, k, v, axis = 2);\n"
    yield Difference(
        Case("quantized_kv_sdpa: 4 tokens at once", quantized, [counting(4)], ["QuantizedKvSdpa"]),
        PLAIN, [1, 1.5, 2, 2.5], [2.5] * 4, "tract attends without a causal mask, also to later tokens of the chunk")
    turns = [
        {"q": Tensor([1, 1, 1, 1], [8]), "k": Tensor([1, 1, 1, 1], [key]), "v": Tensor([1, 1, 1, 1], [value])}
        for key, value in ((0.0, 0), (0.4, 1))
    ]
    weight = 1 / (1 + math.exp(-3.2))
    yield Difference(
        Case("quantized_kv_sdpa: keys within 1", quantized, turns, ["QuantizedKvSdpa"]),
        PLAIN, [round(weight, 3)], [0.5],
        "tract never codes keys in steps below 1, so that keys of 0 and 0.4 become equal",
        lambda values: [round(values[0], 3)])
    yield from mask_differences()


def averaging(queries, values, **more):
    """Inputs of an sdpa whose scores are all 0."""
    n = len(values)
    zeros = Tensor([1, 1, queries, 1], [0] * queries), Tensor([1, 1, n, 1], [0] * n)
    return {"q": zeros[0], "k": zeros[1], "v": Tensor([1, 1, n, 1], values), **more}


def mask_differences():
    body = inputs(q=[1, 1, 2, 1], k=[1, 1, 40, 1], v=[1, 1, 40, 1], mask=[1, 1, 2, 40]) + sdpa("q, k, v, mask")
    turn = averaging(2, range(40), mask=Tensor([1, 1, 2, 40], [-math.inf] * 32 + [0.0] * 8 + [0.0] * 40))
    yield Difference(
        Case("sdpa: a row that is masked by -inf on the first 32 keys", body, [turn], ["SDPA"]),
        OPTIMIZED, [35.5, 19.5], [math.nan, 19.5], "tract's tiled softmax subtracts -inf from -inf")
    far = Tensor([1, 1, 2, 40], [-70000.0] * 80)
    yield Difference(
        Case("sdpa: a mask of -70000 everywhere", body, [{**turn, "mask": far}], ["SDPA"]),
        OPTIMIZED, [19.5, 19.5], [0, 0],
        "the same shift of every score changes nothing, but tract skips tiles below -65503")
    body = inputs(q=[1, 1, 2, 1], k=[1, 1, 3, 1], v=[1, 1, 3, 1], mask=[1, 1, 1, 3]) + sdpa("q, k, v, mask")
    turn = averaging(2, range(3), mask=Tensor([1, 1, 1, 3], [0, 0, -1e4]))
    yield Difference(
        Case("sdpa: a mask for all queries", body, [turn], ["SDPA"]), OPTIMIZED, [0.5, 0.5], "ShapeError",
        "tract accepts a mask that broadcasts over queries, and fails to run it once it is optimised")
    body = inputs(q=[1, 1, 3, 1], k=[1, 1, 2, 1], v=[1, 1, 2, 1]) + sdpa("q, k, v", "true")
    turn = averaging(3, [1, 2])
    for mode, theirs in ((PLAIN, [1.5, 1, 1.5]), (OPTIMIZED, [math.nan, 1, 1.5])):
        yield Difference(
            Case("sdpa: a causal query before every key", body, [turn], ["SDPA"]), mode, [0, 1, 1.5], theirs,
            "a query that sees nothing gives zeros here, and in tract the mean of all values or NaN")
    body = inputs(q=[1, 1, 1, 1], k=[1, 1, 2, 1], v=[1, 1, 2, 1], hidden=[1, 1, 1, 2]) + sdpa("q, k, v, hidden")
    turn = averaging(1, [10, 20], hidden=Tensor([1, 1, 1, 2], [True, False], "BOOL"))
    yield Difference(
        Case("sdpa: a mask of bools", body, [turn], ["SDPA"]), PLAIN, [10], [12.69],
        "tract adds the bools to the scores as 0 and 1, so that kvproof writes such a mask under a name of its own",
        lambda values: [round(values[0], 2)], given="source")
