"""Makes the files of this folder: tiny random checkpoints, and what Hugging Face transformers computes with them.

    pip install torch transformers gguf safetensors numpy
    python3 make.py [FOLDER]        # default: the folder of this script

Deterministic: all weights come from fixed seeds. README.md says what each file is. All computing is in float32 on one
thread of the CPU, with attn_implementation="eager". Fails where a golden value would prove little or too much: logits
that hardly differ, attention that is uniform, a greedy token that rounding could change, values that rounding moves.
"""
import copy
import shutil
import sys
import zlib
from importlib.metadata import version
from pathlib import Path

import gguf
import numpy as np
import torch
import transformers
from gguf import GGMLQuantizationType as Type
from safetensors.numpy import save_file
from transformers import AutoModelForCausalLM, DynamicCache
from transformers import (Gemma2Config, Gemma3TextConfig, GemmaConfig, LlamaConfig, MistralConfig, Qwen2Config,
                          Qwen3Config)

from gguf_files import gguf_tensors, k_blocks, permuted, random_blocks, write_gguf

PROMPT, GREEDY = 24, 8  # tokens

PLAIN = dict(vocab_size=40, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2,
             num_key_value_heads=1, max_position_embeddings=64, rms_norm_eps=1e-3)
SMALL = PLAIN | dict(num_attention_heads=4, num_key_value_heads=2, head_dim=8)  # which is not hidden / heads
WIDE = SMALL | dict(hidden_size=32, intermediate_size=256)                      # rows of whole blocks of every type
GEMMA = dict(bos_token_id=2, eos_token_id=1, pad_token_id=0)


def rope(theta, **scaling):
    return dict(rope_type="default", rope_theta=theta) | scaling


def gemma3(sizes, local, full, **more):
    return Gemma3TextConfig(**sizes, **GEMMA, sliding_window=7, sliding_window_pattern=2,
                            rope_parameters={"sliding_attention": local, "full_attention": full}, **more)


LLAMA3 = rope(500.0, rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=48)
LINEAR = rope(1e6, rope_type="linear", factor=8.0)

# By folder: a seed, and the model. Windows are shorter than the prompt.
FAMILIES = {
    "gemma": (131, GemmaConfig(**SMALL | dict(num_key_value_heads=1), **GEMMA)),
    "gemma2": (442, Gemma2Config(**SMALL | dict(num_hidden_layers=3), **GEMMA, sliding_window=6,
                                 query_pre_attn_scalar=5, attn_logit_softcapping=5.0, final_logit_softcapping=3.0)),
    "gemma3": (453, gemma3(SMALL | dict(num_hidden_layers=3), rope(3000.0), LINEAR, query_pre_attn_scalar=4)),
    "llama": (14, LlamaConfig(**SMALL, rope_parameters=LLAMA3, tie_word_embeddings=False)),
    "mistral": (25, MistralConfig(**SMALL, rope_parameters=rope(1e4), sliding_window=5, tie_word_embeddings=False)),
    "qwen2": (156, Qwen2Config(**PLAIN, rope_parameters=rope(1e6), tie_word_embeddings=True)),
    "qwen3": (347, Qwen3Config(**SMALL, rope_parameters=rope(1e6), tie_word_embeddings=True)),
}
SHARDED = {"gemma2": "12KB"}

# By folder: a seed, the model, and the types of its matrices by what their names end with; the first that fits.
QUANTISED = {
    "llama_quantised": (78, LlamaConfig(**WIDE | dict(num_hidden_layers=3), rope_parameters=rope(1e4)), {
        "0.attn_q": "Q8_0", "0.attn_k": "Q4_0", "0.attn_v": "Q4_1", "0.attn_output": "Q5_0", "0.ffn_gate": "Q5_1",
        "1.attn_q": "Q4_0", "1.attn_k": "Q5_1", "1.attn_v": "F16", "1.attn_output": "Q8_0", "1.ffn_gate": "Q4_1",
        "2.attn_q": "Q5_0", "2.attn_k": "BF16", "2.attn_v": "Q4_0", "2.attn_output": "Q4_0", "2.ffn_gate": "Q8_0",
        "0.ffn_down": "Q4_K", "1.ffn_down": "Q5_K", "2.ffn_down": "Q6_K", "ffn_up": "Q4_0", "token_embd": "Q8_0",
        "output": "Q5_1"}),
    "gemma3_quantised": (499, gemma3(WIDE, rope(1e4), rope(1e6), query_pre_attn_scalar=8), {
        "attn_q": "Q4_0", "attn_k": "F16", "attn_v": "BF16", "attn_output": "Q4_0", "ffn_gate": "Q4_0",
        "ffn_up": "Q5_0", "0.ffn_down": "Q6_K", "1.ffn_down": "Q4_0", "token_embd": "Q4_0"}),
}
BLOCK_TYPES = ["Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q4_K", "Q5_K", "Q6_K", "F16", "BF16"]
BLOCK_SCALES = [1, -0.01, 3e-7, 30]  # ordinary, small and negative, subnormal in f16, large


def made_by(*packages):
    return {"made_by": ", ".join(f"{package} {version(package)}" for package in packages)}


# Weights


def random_weights(seed, config, model):
    """By name, as a checkpoint has them; every value is one of bf16."""
    gain = -0.2 if config.model_type.startswith("gemma") else 0.8  # theirs is 1 + w
    tied, weights = config.tie_word_embeddings, {}
    for name, like in model.state_dict().items():
        if name == "lm_head.weight" and tied:
            continue
        rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
        values = rng.standard_normal(like.shape)
        if name.endswith("norm.weight"):
            values = gain + 0.3 * values + (1.5 if tied and name == "model.norm.weight" else 0)
        elif name.endswith(".bias"):
            values *= 0.4
        elif "embed_tokens" in name or "lm_head" in name:
            # Where it is large, what is tied to it repeats the last token.
            values *= (0.7 if tied else 1.5) / np.sqrt(like.shape[1])
        else:
            values *= (1.4 if "q_proj" in name or "k_proj" in name else 1.2) / np.sqrt(like.shape[1])
        weights[name] = torch.tensor(values, dtype=torch.bfloat16).float()
    return weights


def build(config, weights, dtype=torch.float32):
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager", dtype=dtype).eval()
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert not unexpected and set(missing) <= {"lm_head.weight"}, (missing, unexpected)
    model.tie_weights()
    return model


# Golden values


def attention_entropy(model, ids):
    """In nats, as a part of what uniform attention has; the mean of all heads and positions that see 2 keys or more."""
    parts = []
    for weights in model(ids, output_attentions=True).attentions:
        seen = (weights > 0).sum(-1)
        entropy = -torch.xlogy(weights, weights).sum(-1)
        parts.append((entropy / seen.clamp(min=2).log())[seen > 1].mean().item())
    return parts


def values_of_prompt(model, ids):
    """Logits [tokens,vocab], then K and V of every layer, [kv heads,tokens,head_dim]."""
    cache = DynamicCache()  # without the configuration it keeps all rows in layers with a window, too
    values = {"logits": model(ids, past_key_values=cache, use_cache=True).logits[0]}
    for i, layer in enumerate(cache.layers):
        assert layer.keys.shape[2] == PROMPT
        values |= {f"k.{i}": layer.keys[0], f"v.{i}": layer.values[0]}
    return values


def moved_by_rounding(model, ids, values):
    """How far logits, and rows of K and V, move by max(1,|x|) where every weight moves by about half a bit."""
    moved = {}
    for seed in range(4):
        nudged, generator = copy.deepcopy(model), torch.Generator().manual_seed(seed)
        for weight in nudged.parameters():
            weight *= 1 + 2**-24 * (2 * torch.randint(0, 2, weight.shape, generator=generator) - 1)
        for name, value in values_of_prompt(nudged, ids).items():
            distance = ((value - values[name]).abs() / values[name].abs().clamp(min=1)).max().item()
            kind = "logits" if name == "logits" else "rows"
            moved[kind] = max(distance, moved.get(kind, 0))
    return moved["logits"], moved["rows"]


def greedy_tokens(model, ids):
    """Always from scratch; and the smallest margin between the best token and the next."""
    text, margins = ids, []
    for _ in range(GREEDY):
        last = model(text, use_cache=False).logits[0, -1]
        best = last.topk(2).values
        margins.append((best[0] - best[1]).item())
        text = torch.cat([text, last.argmax().view(1, 1)], 1)
    return text[0, PROMPT:], min(margins)


def golden_values(model, seed):
    ids = torch.tensor(np.random.default_rng([seed, 0]).integers(0, model.config.vocab_size, (1, PROMPT)))
    values = values_of_prompt(model, ids)
    logits = values["logits"]
    assert torch.allclose(logits, model(ids, use_cache=False).logits[0], atol=1e-5)
    greedy, margin = greedy_tokens(model, ids)

    entropy = attention_entropy(model, ids)
    moved = moved_by_rounding(model, ids, values)
    print(f"  deviation of logits {logits.std():.2f}, entropy of attention {' '.join(f'{e:.2f}' for e in entropy)}\n"
          f"  greedy {greedy.tolist()}, smallest margin {margin:.3f}\n"
          f"  rounding moves logits by {moved[0]:.1e}, rows by {moved[1]:.1e}")
    assert 1 < logits.std() < 3.5 and max(entropy) < 0.93
    assert margin > 1e-2 and len(set(greedy.tolist())) > 3
    assert moved[0] < 2e-5 and moved[1] < 4e-6  # a fifth and less than half of what the tests allow
    values |= {"ids": ids[0], "greedy": greedy}
    return {name: value.contiguous().numpy() for name, value in values.items()}


def save_golden_values(folder, model, seed):
    save_file(golden_values(model, seed), folder / "expected.safetensors", made_by("torch", "transformers"))


# Quantised models, and blocks


def quantised_tensors(seed, config, weights, types):
    """The tensors of a file in blocks, and the weights that they stand for."""
    tensors, stands_for = {}, {}
    for name, (theirs, values) in gguf_tensors(config, weights).items():
        stem, kind = name.removesuffix(".weight"), Type.F32
        if values.ndim == 2:
            kind = Type[next(type_name for end, type_name in types.items() if stem.endswith(end))]
        rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
        data = k_blocks(kind, *values.shape, rng) if kind.name.endswith("_K") else gguf.quants.quantize(values, kind)
        tensors[name] = (kind, data)
        back = permuted(config, name, gguf.quants.dequantize(data, kind).astype(np.float32), back=True)
        stands_for[theirs] = torch.tensor(back) if values.ndim == 2 else weights[theirs]
    return tensors, stands_for


def make_blocks(path):
    """Of every type two rows of 256 values, and what they stand for."""
    tensors = {}
    for name in BLOCK_TYPES:
        kind, rng = Type[name], np.random.default_rng([10, zlib.crc32(name.encode())])
        draw = lambda shape: rng.standard_normal(shape) * rng.choice(BLOCK_SCALES, shape)
        if kind in (Type.F16, Type.BF16):
            blocks = gguf.quants.quantize(draw((2, 256)).astype(np.float32), kind)
        else:
            blocks = random_blocks(kind, 2, 256, rng, lambda place, shape: draw(shape))
        tensors[f"{name}.blocks"] = np.ascontiguousarray(blocks).view(np.uint8)
        tensors[f"{name}.values"] = gguf.quants.dequantize(blocks, kind).astype(np.float32)
    save_file(tensors, path, made_by("gguf"))


# Folders


def empty_folder(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def make_family(folder, seed, config):
    print(folder.name)
    empty_folder(folder)
    weights = random_weights(seed, config, AutoModelForCausalLM.from_config(config))
    stored = build(config, weights, torch.bfloat16)
    stored.save_pretrained(folder, max_shard_size=SHARDED.get(folder.name, "1GB"))
    (folder / "generation_config.json").unlink(missing_ok=True)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    save_golden_values(folder, model, seed)
    write_gguf(folder / "model.gguf", config, {n: (Type.F32, v) for n, (_, v) in gguf_tensors(config, weights).items()})


def make_quantised(folder, seed, config, types):
    print(folder.name)
    empty_folder(folder)
    weights = random_weights(seed, config, AutoModelForCausalLM.from_config(config))
    tensors, weights = quantised_tensors(seed, config, weights, types)
    save_golden_values(folder, build(config, weights), seed)
    write_gguf(folder / "model.gguf", config, tensors, gguf.LlamaFileType.MOSTLY_Q4_0)


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent
    torch.set_num_threads(1)
    transformers.logging.disable_progress_bar()
    with torch.no_grad():
        for name, (seed, config) in FAMILIES.items():
            make_family(root / name, seed, config)
        for name, (seed, config, types) in QUANTISED.items():
            make_quantised(root / name, seed, config, types)
    make_blocks(root / "blocks.safetensors")


if __name__ == "__main__":
    main()
