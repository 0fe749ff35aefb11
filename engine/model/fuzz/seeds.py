#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets: seeds.py FOLDER. Small files of every form that the readers know, so that a
fuzzer starts behind the magic numbers; corpus/ holds them, and what fuzzing found besides."""

import json
import struct
import sys
from pathlib import Path

SIZES = {"hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 2, "num_attention_heads": 2,
         "num_key_value_heads": 1, "head_dim": 4, "vocab_size": 16, "max_position_embeddings": 64}
LLAMA3 = {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32}


def configs():
    def config(model_type, **more):
        return json.dumps({"model_type": model_type, **SIZES, **more}).encode()

    yield "gemma", config("gemma", hidden_act="gelu", rms_norm_eps=1e-6, bos_token_id=2, eos_token_id=[1, 3])
    yield "gemma2", config("gemma2", query_pre_attn_scalar=6, sliding_window=4, attn_logit_softcapping=50.0,
                           final_logit_softcapping=None, hidden_activation="gelu_pytorch_tanh")
    yield "gemma3_old", config("gemma3_text", sliding_window=4, sliding_window_pattern=2, rope_theta=1e6,
                               rope_local_base_freq=1e4, rope_scaling={"rope_type": "linear", "factor": 8.0})
    yield "gemma3_new", config("gemma3_text", sliding_window=4, layer_types=["sliding_attention", "full_attention"],
                               rope_parameters={"full_attention": {"rope_type": "default", "rope_theta": 1e6},
                                                "sliding_attention": {"rope_type": "default", "rope_theta": 1e4}})
    yield "gemma3_images", json.dumps({"architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3",
                                       "text_config": {"model_type": "gemma3_text", **SIZES, "sliding_window": 4},
                                       "vision_config": {"hidden_size": 8}, "eos_token_id": [1, 2]}).encode()
    yield "llama", config("llama", rope_theta=5e5, rope_scaling={"rope_type": "llama3", **LLAMA3}, mlp_bias=True,
                          attention_bias=True, tie_word_embeddings=True)
    yield "llama_new", config("llama", rope_parameters={"rope_type": "llama3", "rope_theta": 5e5, **LLAMA3})
    yield "mistral", config("mistral", sliding_window=4, architectures=["MistralForCausalLM"])
    yield "qwen2", config("qwen2", use_sliding_window=True, sliding_window=4, max_window_layers=1)
    yield "qwen3", config("qwen3", num_nextn_predict_layers=1, sliding_window=None, pad_token_id=0)


# Names, shapes and their names in a GGUF file, of one layer.
def tensors(norms):
    yield "model.embed_tokens.weight", "token_embd.weight", [16, 8]
    yield "model.norm.weight", "output_norm.weight", [8]
    for name, gguf, shape in [("self_attn.q_proj", "attn_q", [8, 8]), ("self_attn.k_proj", "attn_k", [4, 8]),
                              ("self_attn.v_proj", "attn_v", [4, 8]), ("self_attn.o_proj", "attn_output", [8, 8]),
                              ("mlp.gate_proj", "ffn_gate", [12, 8]), ("mlp.up_proj", "ffn_up", [12, 8]),
                              ("mlp.down_proj", "ffn_down", [8, 12])]:
        yield f"model.layers.0.{name}.weight", f"blk.0.{gguf}.weight", shape
    for name, gguf in norms:
        yield f"model.layers.0.{name}.weight", f"blk.0.{gguf}.weight", [4 if "_q_" in gguf or "_k_" in gguf else 8]


TWO_NORMS = [("input_layernorm", "attn_norm"), ("post_attention_layernorm", "ffn_norm")]
FOUR_NORMS = [("input_layernorm", "attn_norm"), ("post_attention_layernorm", "post_attention_norm"),
              ("pre_feedforward_layernorm", "ffn_norm"), ("post_feedforward_layernorm", "post_ffw_norm")]
QK_NORMS = [("self_attn.q_norm", "attn_q_norm"), ("self_attn.k_norm", "attn_k_norm")]


def count(shape):
    n = 1
    for extent in shape:
        n *= extent
    return n


def safetensors(entries, metadata=None, pad=0):
    header, data = {}, b""
    if metadata:
        header["__metadata__"] = metadata
    for name, dtype, shape, content in entries:
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode() + b" " * pad
    return struct.pack("<Q", len(text)) + text + data


def safetensors_files():
    yield "layer", safetensors((name, "F32", shape, struct.pack("<f", 0.5) * count(shape))
                               for name, _, shape in tensors(TWO_NORMS))
    halves = [(name, "BF16" if "norm" in name else "F16", shape, b"\0\x3c" * count(shape))
              for name, _, shape in tensors(FOUR_NORMS + QK_NORMS)]
    yield "halves", safetensors(halves, {"format": "pt"}, pad=3)
    yield "names", safetensors([("language_model.model.norm.weight", "F32", [1], bytes(4)),
                                ("vision_tower.x", "U8", [2, 1], b"ab"), ("mtp.weight", "F16", [0], b""),
                                ("model.layers.1.x", "F32", [], bytes(4)), ("rope_freqs.weight", "F32", [2], bytes(8))])
    yield "types", safetensors([("b", "BOOL", [2], b"\0\1"), ("e", "F8_E4M3", [1], b"x"), ("f", "F4", [2], b"x"),
                                ("i", "I64", [1], bytes(8)), ("d", "F64", [1], bytes(8)), ("u", "U16", [1], bytes(2))])
    yield "none", safetensors([])


def text(value):
    content = value.encode()
    return struct.pack("<Q", len(content)) + content


# A key with a value: u32, f32, bool, text, or an array of numbers, texts or bools.
def value_of(value, with_type=True):
    if isinstance(value, bool):
        kind, content = 7, struct.pack("<B", value)
    elif isinstance(value, int):
        kind, content = 4, struct.pack("<I", value)
    elif isinstance(value, float):
        kind, content = 6, struct.pack("<f", value)
    elif isinstance(value, str):
        kind, content = 8, text(value)
    else:
        kind = 9
        content = value_of(value[0])[:4] + struct.pack("<Q", len(value))
        content += b"".join(value_of(element, False) for element in value)
    return (struct.pack("<I", kind) if with_type else b"") + content


def gguf(keys, entries, version=3, alignment=32):
    def padded(content):
        return content + bytes(-len(content) % alignment)

    entries = list(entries)
    out = struct.pack("<4sIQQ", b"GGUF", version, len(entries), len(keys))
    for key, value in keys.items():
        out += text(key) + value_of(value)
    data = b""
    for name, kind, shape, content in entries:
        out += text(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *reversed(shape))
        out += struct.pack("<IQ", kind, len(data))
        data = padded(data + content)
    return padded(out) + data


def gguf_model(architecture, norms, **more):
    sizes = {"block_count": 1, "context_length": 64, "embedding_length": 8, "feed_forward_length": 12,
             "attention.head_count": 2, "attention.head_count_kv": 1, "attention.key_length": 4,
             "attention.layer_norm_rms_epsilon": 1e-6}
    keys = {"general.architecture": architecture}
    keys.update({f"{architecture}.{key}": value for key, value in {**sizes, **more}.items()})
    keys.update({"tokenizer.ggml.tokens": ["<unk>", "a"], "tokenizer.ggml.bos_token_id": 1,
                 "tokenizer.ggml.add_bos_token": True})
    return gguf(keys, ((name, 0, shape, struct.pack("<f", 0.5) * count(shape)) for _, name, shape in tensors(norms)))


# Number, values and bytes of a block of each type that can be decoded.
BLOCKS = {"f16": (1, 1, 2), "bf16": (30, 1, 2), "q4_0": (2, 32, 18), "q4_1": (3, 32, 20), "q5_0": (6, 32, 22),
          "q5_1": (7, 32, 24), "q8_0": (8, 32, 34), "q4_k": (12, 256, 144), "q5_k": (13, 256, 176),
          "q6_k": (14, 256, 210)}


def gguf_files():
    yield "llama", gguf_model("llama", TWO_NORMS)
    yield "mistral", gguf_model("llama", TWO_NORMS, **{"attention.sliding_window": 4})
    yield "gemma", gguf_model("gemma", TWO_NORMS)
    yield "gemma2", gguf_model("gemma2", FOUR_NORMS, **{"attention.sliding_window": 4, "attn_logit_softcapping": 50.0})
    yield "gemma3", gguf_model("gemma3", FOUR_NORMS + QK_NORMS,
                               **{"attention.sliding_window": 4, "rope.freq_base": 1e6, "rope.scaling.factor": 8.0,
                                  "rope.scaling.type": "linear", "attention.sliding_window_pattern": [True]})
    yield "qwen3", gguf_model("qwen3", TWO_NORMS + QK_NORMS, nextn_predict_layers=0)
    yield "blocks", gguf({"general.architecture": "llama", "llama.block_count": 1},
                         [(name, kind, [2, values], bytes(range(0x30, 0x30 + size // 2)) * 4 if size > 2 else bytes(4))
                          for name, (kind, values, size) in BLOCKS.items()])
    yield "keys", gguf({"general.alignment": 64, "numbers": [1, 2], "nested": [[1], [2]], "flags": [True, False],
                        "general.architecture": "qwen2"}, [("t", 0, [], bytes(4)), ("e", 0, [0, 3], b"")], 2, 64)


TEXT = "a bab  cab's<s> \u00e9\u65e5 12345\n\n"


def spelled(byte):
    plain = list(range(0x21, 0x7F)) + list(range(0xA1, 0xAD)) + list(range(0xAE, 0x100))
    return chr(byte if byte in plain else 0x100 + [b for b in range(256) if b not in plain].index(byte))


def vocabularies():
    def keys(tokens, types, **more):
        return {"tokenizer.ggml.tokens": tokens, "tokenizer.ggml.token_type": types, "fuzz.text": TEXT,
                **{f"tokenizer.ggml.{key}": value for key, value in more.items()}}

    letters = ["a", "b", "c", "\u2581", "ab", "\u2581a", "\u2581ab", "12"]
    bytes_of_score_merges = [f"<0x{byte:02X}>" for byte in range(256)]
    few = ["<unk>", "<s>", "cab"] + letters
    all_bytes = ["<unk>", "<s>", "cab"] + letters + bytes_of_score_merges
    for name, tokens in [("scores", few), ("scores_bytes", all_bytes)]:
        types = ([2, 3, 4] + [1] * len(letters) + [6] * 256)[:len(tokens)]
        yield name, gguf(keys(tokens, types, scores=[float(-i) for i in range(len(tokens))], bos_token_id=1,
                              add_eos_token=False, add_space_prefix=name == "scores"), [])
    bytes_of_merges = [spelled(byte) for byte in range(256)]
    words = ["ab", "ba", "\u0120b", "cab", "bab", "<s>"]
    for pre in ["gpt-2", "llama-bpe", "qwen2"]:
        yield "merges_" + pre, gguf(keys(bytes_of_merges + words, [1] * 261 + [3], pre=pre, bos_token_id=261,
                                         merges=["a b", "b a", "\u0120 b", "c ab", "ba b"]), [])


# A field of a message of Protocol Buffers: an integer, an f32, or bytes.
def field(number, value):
    def varint(n):
        return bytes([n]) if n < 128 else bytes([n % 128 + 128]) + varint(n // 128)

    if isinstance(value, int):
        return varint(number * 8) + varint(value)
    if isinstance(value, float):
        return varint(number * 8 + 5) + struct.pack("<f", value)
    return varint(number * 8 + 2) + varint(len(value)) + value


def sentence_pieces():
    def model(kind, extra, **normalizer):
        pieces = [("<unk>", 2), ("<s>", 3), ("cab", 4), ("a", 1), ("b", 1), ("\u2581", 1), ("ab", 1), ("\u2581a", 1)]
        out = b"".join(field(1, field(1, piece.encode()) + field(2, -float(i)) + field(3, type_of))
                       for i, (piece, type_of) in enumerate(pieces + extra))
        out += field(2, field(3, kind) + field(35, int(bool(extra))) + field(40, 0) + field(41, 1))
        return out + field(3, b"".join(field(int(key[1:]), value) for key, value in normalizer.items()))

    yield "unigram", model(1, [], f3=1)
    yield "merges", model(2, [], f3=0, f4=0)
    yield "merges_bytes", model(2, [(f"<0x{byte:02X}>", 6) for byte in range(256)], f3=1)
    # Replaces c by b: a trie of one block, from its root (base 1) over the unit of "c" to the leaf beside that.
    trie = [0x80000000] * 256
    trie[0], trie[1 ^ ord("c")] = 1 << 10, ord("c") | 0x100 | 1 << 10
    yield "table", model(1, [], f2=struct.pack("<257I", 1024, *trie) + b"b\0", f3=1)


def main(folder):
    for target, seeds in {"config": configs, "gguf": gguf_files, "safetensors": safetensors_files,
                          "sentence_piece": sentence_pieces, "vocabulary": vocabularies}.items():
        (Path(folder) / target).mkdir(parents=True, exist_ok=True)
        for name, content in seeds():
            (Path(folder) / target / name).write_bytes(content)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: seeds.py FOLDER")
    main(sys.argv[1])
