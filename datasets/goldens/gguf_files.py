"""GGUF files for make.py, with the names, the order of rows and the keys of llama.cpp's converter; and blocks."""
import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type

SCALES_AT = {"Q4_1": [0, 2], "Q5_1": [0, 2], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}  # else [0]


def permuted(config, name, rows, back=False):
    """Llama's converter puts rows of Q and K beside each other that rotate together; `back` undoes it."""
    if config.model_type not in ("llama", "mistral") or not name.endswith((".attn_q.weight", ".attn_k.weight")):
        return rows
    heads = config.num_attention_heads if "attn_q" in name else config.num_key_value_heads
    half = rows.shape[0] // heads // 2
    cut = (heads, half, 2) if back else (heads, 2, half)
    return np.ascontiguousarray(rows.reshape(*cut, -1).swapaxes(1, 2).reshape(rows.shape))


def architecture(config):
    return {"gemma3_text": "gemma3", "mistral": "llama"}.get(config.model_type, config.model_type)


def gguf_tensors(config, weights):
    """Name in the GGUF file to (name in the checkpoint, values)."""
    arch = next(a for a, name in gguf.MODEL_ARCH_NAMES.items() if name == architecture(config))
    names = gguf.get_tensor_name_map(arch, config.num_hidden_layers)
    tensors = {}
    for theirs, tensor in weights.items():
        name = names.get_name(theirs, try_suffixes=(".weight", ".bias"))
        values = permuted(config, name, tensor.numpy())
        if config.model_type.startswith("gemma") and theirs.endswith("norm.weight"):
            values = values + np.float32(1)
        tensors[name] = (theirs, values)
    return tensors


def llama3_factors(config):
    r = config.rope_parameters
    wavelengths = 2 * np.pi * r["rope_theta"] ** (np.arange(0, config.head_dim, 2) / config.head_dim)
    turns = r["original_max_position_embeddings"] / wavelengths
    smooth = np.clip((turns - r["low_freq_factor"]) / (r["high_freq_factor"] - r["low_freq_factor"]), 0, 1)
    assert {0, 1} < set(smooth)  # kept, divided, and in between: all three occur
    return (1 / ((1 - smooth) / r["factor"] + smooth)).astype(np.float32)


def add_keys(writer, config, file_type):
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_file_type(file_type)
    head_dim = getattr(config, "head_dim", None)
    if head_dim:  # Qwen 2 has none: hidden / heads
        writer.add_key_length(head_dim)
        writer.add_value_length(head_dim)
    if architecture(config) == "llama":
        writer.add_vocab_size(config.vocab_size)
        writer.add_rope_dimension_count(head_dim)
    if config.model_type == "mistral":  # the converter leaves the window of the first Mistral out
        writer.add_sliding_window(config.sliding_window)
    if not config.model_type.startswith("gemma"):
        writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    if config.model_type == "gemma2":
        writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
        writer.add_final_logit_softcapping(config.final_logit_softcapping)
    if config.model_type in ("gemma2", "gemma3_text"):
        writer.add_sliding_window(config.sliding_window)
        if config.query_pre_attn_scalar != config.head_dim:  # the converter has no key for it
            writer.add_attention_scale(config.query_pre_attn_scalar**-0.5)
    if config.model_type == "gemma3_text":
        add_gemma3_rope(writer, config)


def add_gemma3_rope(writer, config):
    full, local = (config.rope_parameters[kind] for kind in ("full_attention", "sliding_attention"))
    writer.add_rope_freq_base(full["rope_theta"])
    if local["rope_theta"] != 1e4:
        writer.add_rope_freq_base_swa(local["rope_theta"])
    if full["rope_type"] == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(full["factor"])
    writer.add_sliding_window_pattern(1 + config.layer_types.index("full_attention"))


def add_tokens(writer, config):
    is_gemma = config.model_type.startswith("gemma")
    special = ["<pad>", "<eos>", "<bos>", "<unk>"] if is_gemma else ["<unk>", "<s>", "</s>"]
    words = special + [f"\u2581w{i}" for i in range(len(special), config.vocab_size)]
    kinds = [gguf.TokenType.CONTROL] * len(special) + [gguf.TokenType.NORMAL] * (len(words) - len(special))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(words)
    writer.add_token_scores([-float(i) for i in range(len(words))])
    writer.add_token_types(kinds)
    if config.bos_token_id is not None:
        writer.add_bos_token_id(config.bos_token_id)
    if config.eos_token_id is not None:
        writer.add_eos_token_id(config.eos_token_id)


def write_gguf(path, config, tensors, file_type=gguf.LlamaFileType.ALL_F32):
    """`tensors` is name to (type, values or bytes of blocks)."""
    writer = gguf.GGUFWriter(path, architecture(config))
    writer.add_type("model")
    add_keys(writer, config, file_type)
    add_tokens(writer, config)
    if getattr(config, "rope_parameters", {}).get("rope_type") == "llama3":
        tensors = {"rope_freqs.weight": (Type.F32, llama3_factors(config))} | tensors
    for name, (kind, data) in tensors.items():
        writer.add_tensor(name, np.ascontiguousarray(data), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def random_blocks(kind, rows, columns, rng, scales):
    """Blocks of random bits but for their scales, which `scales` draws."""
    values, size = gguf.GGML_QUANT_SIZES[kind]
    blocks = rng.integers(0, 256, (rows, columns // values, size), dtype=np.uint8)
    for place, at in enumerate(SCALES_AT.get(kind.name, [0])):
        scale = scales(place, blocks.shape[:2]).astype(np.float16)
        blocks[:, :, at:at + 2] = scale[..., None].view(np.uint8)
    return blocks.reshape(rows, -1)


def k_blocks(kind, rows, columns, rng):
    """A matrix of mean 0 and deviation about 1.2 / sqrt(columns)."""
    step = {Type.Q4_K: 4.4e-3, Type.Q5_K: 2.1e-3, Type.Q6_K: 8.4e-4}[kind] / np.sqrt(columns)
    mean = {Type.Q4_K: 7.5, Type.Q5_K: 15.5, Type.Q6_K: 0}[kind]  # of the codes, which the smallest value takes off
    spread = lambda place, shape: step * rng.uniform(0.6, 1.4, shape) * (mean if place else 1)
    return random_blocks(kind, rows, columns, rng, spread)
