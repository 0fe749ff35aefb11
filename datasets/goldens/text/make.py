#!/usr/bin/env python3
"""Writes the small vocabularies of this folder and cases.json, what reference tokenizers make of some texts with them.

Not part of the build. Needs the PyPI packages sentencepiece, tokenizers and gguf; run it anywhere, it writes beside
itself. Sources of truth: sentencepiece for *.model and the GGUF files of them, Hugging Face tokenizers for byte-level
vocabularies, with the regular expressions of the tokenizer.json files of GPT-2, Llama 3 and Qwen 2."""

import io
import json
import os
import re
from pathlib import Path

import gguf
import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, models, pre_tokenizers, trainers

HERE = Path(__file__).parent
SPACE = "\u2581"

SENTENCES = """In the beginning there was a cache, and the cache was without form.
The keys and the values were stored in the order in which the words had come.
A window slides over the words, and whatever falls out of it is forgotten for good.
She said: "Don't forget it, we're not done; I'll say what they've seen, he'd know."
It costs 1234567 coins, 89 more than in 2023, or 3.14159 times as much as before.
Wir h\u00e4tten gern gr\u00f6\u00dfere Schl\u00fcssel, und zwar \u00fcberall. C'est d\u00e9j\u00e0 l'\u00e9t\u00e9 \u00e0 la for\u00eat.
\u041a\u043b\u044e\u0447\u0438 \u0438 \u0437\u043d\u0430\u0447\u0435\u043d\u0438\u044f \u0445\u0440\u0430\u043d\u044f\u0442\u0441\u044f \u0432 \u043a\u044d\u0448\u0435. \u4f60\u597d\uff0c\u4e16\u754c\u3002\u7f13\u5b58\u91cc\u6709\u94a5\u5319\u548c\u503c\u3002
for (int i = 0; i < n; ++i) { sum += values[i] * weights[i]; }  // a loop over all of them
the words of the text are the tokens of the model, and the model reads the tokens again and again
""".splitlines()

TEXTS = [
    "", " ", "  ", "a", " a", "a ", "  leading and trailing  ", "many     spaces   inside", "\n", "\n\n", "a\nb", "a\n\nb",
    "\t", "\ttabs\t\tand\t text", "line one\r\nline two\r\n", "   \n   \n  x", "trailing newline\n", "  \t \n mixed \r\n\t",
    "Hello world", "In the beginning there was a cache", "the words of the model", "The Keys AND the VALUES",
    "Don't we're I'll they've he'd I'm it's", "DON'T WE'RE I'LL THEY'VE HE'D", "'s 't 're ''s '", "don\u2019t",
    "1234567", "12", "a1b22c333d4444", "3.14159 and 1,000,000", "\u0661\u0662\u0663\u0664 \u00bd \u2167",
    "Gr\u00f6\u00dfere Schl\u00fcssel \u00fcberall", "d\u00e9j\u00e0 l'\u00e9t\u00e9", "e\u0301 combining", "\u041a\u043b\u044e\u0447\u0438 \u0432 \u043a\u044d\u0448\u0435",
    "\u4f60\u597d\uff0c\u4e16\u754c\u3002", "\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8", "\ud55c\uad6d\uc5b4", "\U0001f600 \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea", "\u0627\u0644\u0639\u0631\u0628\u064a\u0629",
    "a\u00a0b\u3000c\u2003d\u2028e\u0085f", "a\u180eb \u180e c", "\u200b\ufeffx", "\u0001\u0002\u007f\u001b[0m", "null\u0000inside",
    "pneumono" + "ultramicroscopicsilico" * 6, "a" * 70, "ab" * 40, " " * 40, "-" * 33 + ">",
    "sum += values[i] * weights[i];  // ok?", "if (x<=y && z!=0) {return -1;}", "https://example.org/a?b=c&d=%20e#f",
    "<turn>", "say <turn>now<turn> <turn>", "<|begin|>system\nhi<|end|>", "<|end|><|end|", "<s>text</s>", "<0x41>",
    SPACE, "a" + SPACE + "b", "\uff21\uff22\uff23 \ufb01ne", "\U0010fffd\ue000", "x\u0301\u0302\u0303", "\u017fharp 'S '\u017f",
]

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
NEWER = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
         r"|\s+(?!\S)|\s+")
LLAMA3, QWEN2 = NEWER % "{1,3}", NEWER % ""
# What llama.cpp takes where a file names no other way, one after the other.
DEFAULT = [r"[\p{P}\$\+<=>\^~\|]+", GPT2, r"\p{N}+", r"[0-9][0-9][0-9]"]


def train_sentence_piece(name, **options):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES), model_writer=model, byte_fallback=True, minloglevel=2, num_threads=1,
        character_coverage=0.99, **options)
    (HERE / name).write_bytes(model.getvalue())
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())


def type_of(processor, i):
    checks = [(processor.is_unknown, gguf.TokenType.UNKNOWN), (processor.is_control, gguf.TokenType.CONTROL),
              (processor.is_unused, gguf.TokenType.UNUSED), (processor.is_byte, gguf.TokenType.BYTE)]
    return next((kind for check, kind in checks if check(i)), gguf.TokenType.NORMAL)


def write_gguf(name, kind, tokens, types, keys, scores=None, merges=None):
    writer = gguf.GGUFWriter(str(HERE / name), "llama")
    writer.add_tokenizer_model(kind)
    if "pre" in keys:
        writer.add_tokenizer_pre(keys["pre"])
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    if scores:
        writer.add_token_scores(scores)
    if merges:
        writer.add_token_merges(merges)
    for key, add in [("bos", writer.add_bos_token_id), ("eos", writer.add_eos_token_id), ("unk", writer.add_unk_token_id),
                     ("add_bos", writer.add_add_bos_token), ("add_eos", writer.add_add_eos_token),
                     ("add_space", writer.add_add_space_prefix)]:
        if key in keys:
            add(keys[key])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def sentence_piece_gguf(name, processor, user_defined, **keys):
    """As llama.cpp's converter: tokens that the user defined have plain spaces."""
    size = processor.get_piece_size()
    tokens = [processor.id_to_piece(i) for i in range(size)]
    types = [gguf.TokenType.USER_DEFINED if token in user_defined else type_of(processor, i)
             for i, token in enumerate(tokens)]
    tokens = [token.replace(SPACE, " ") if token in user_defined else token for token in tokens]
    write_gguf(name, "llama", tokens, types, keys | {"bos": processor.bos_id(), "eos": processor.eos_id(),
                                                     "unk": processor.unk_id()},
               scores=[processor.get_score(i) for i in range(size)])


def byte_level(name, patterns, special, pre, ignore_merges=False, begin=None):
    cut = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in patterns] +
                                  [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = cut
    trained.train_from_iterator(SENTENCES, trainers.BpeTrainer(
        vocab_size=420, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False))
    model = json.loads(trained.to_str())["model"]
    vocabulary = model["vocab"]
    merges = [tuple(pair) for pair in model["merges"]]
    vocabulary["harp"] = len(vocabulary)  # which no merges reach

    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, ignore_merges=ignore_merges))
    tokenizer.pre_tokenizer = cut
    tokenizer.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in special])
    tokens = [tokenizer.id_to_token(i) for i in range(tokenizer.get_vocab_size())]
    types = [gguf.TokenType.CONTROL if token in special else gguf.TokenType.NORMAL for token in tokens]
    keys = {"eos": tokenizer.token_to_id(special[1]), "add_bos": begin is not None} | ({"pre": pre} if pre else {})
    if begin:
        keys["bos"] = tokenizer.token_to_id(begin)
    write_gguf(name, "gpt2", tokens, types, keys, merges=[" ".join(pair) for pair in merges])

    def encode(text):
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        return ids if not begin or ids[:1] == [keys["bos"]] else [keys["bos"]] + ids
    return encode


def main():
    ids = {}
    plain = dict(normalization_rule_name="identity", remove_extra_whitespaces=False)
    llama = train_sentence_piece("llama.model", model_type="bpe", vocab_size=440, user_defined_symbols=["<turn>"],
                                 split_digits=True, allow_whitespace_only_pieces=True, **plain)
    gemma = train_sentence_piece(
        "gemma.model", model_type="bpe", vocab_size=440, add_dummy_prefix=False, pad_id=0, eos_id=1, bos_id=2, unk_id=3,
        user_defined_symbols=["<turn>", "\n", "\n\n", SPACE * 2, SPACE * 3, SPACE * 4], split_digits=True, **plain)
    os.chdir(HERE)  # the model holds the name of this file as it is given
    rules = Path("rules.tsv")
    rules.write_text("FF21\t41\nFF22\t42\nFB01\t66 69\n9\t20\nA\t20\nD A\t20\n200B\t\n")
    unigram = train_sentence_piece("unigram.model", model_type="unigram", vocab_size=400, user_defined_symbols=["<turn>"],
                                   normalization_rule_tsv=str(rules))
    rules.unlink()
    for name, processor in [("llama", llama), ("gemma", gemma), ("unigram", unigram)]:
        ids[name + ".model"] = [[processor.bos_id()] + processor.encode(text) for text in TEXTS]

    sentence_piece_gguf("llama.gguf", llama, ["<turn>"], add_bos=True, add_space=True)
    sentence_piece_gguf("gemma.gguf", gemma, ["<turn>", "\n", "\n\n", SPACE * 2, SPACE * 3, SPACE * 4], add_bos=True,
                        add_space=False)
    # Control tokens are read in the text of a GGUF's prompt, but not by sentencepiece: those texts are left out.
    for name in ["llama", "gemma"]:
        ids[name + ".gguf"] = [None if re.search("</?s>", text) else found
                               for text, found in zip(TEXTS, ids[name + ".model"])]

    special = ["<|begin|>", "<|end|>", "<turn>"]
    for name, encode in [
            ("llama3.gguf", byte_level("llama3.gguf", [LLAMA3], special, "llama-bpe", True, "<|begin|>")),
            ("qwen2.gguf", byte_level("qwen2.gguf", [QWEN2], special, "qwen2")),
            ("gpt2.gguf", byte_level("gpt2.gguf", [GPT2], special, "gpt-2")),
            ("default.gguf", byte_level("default.gguf", DEFAULT, special, None))]:
        ids[name] = [encode(text) for text in TEXTS]
    rows = ",\n".join(f" {json.dumps(name)}: {json.dumps(found, separators=(',', ':'))}" for name, found in ids.items())
    (HERE / "cases.json").write_text(f'{{"texts": {json.dumps(TEXTS)},\n"ids": {{\n{rows}\n}}}}\n')


if __name__ == "__main__":
    main()
