#!/usr/bin/env python3
"""Makes the fixtures of tokenizers: tokenizers/*.json, of which cases.json holds what they must make of texts.

    pip install tokenizers==0.23.3

    python make_tokenizer_fixtures.py            # writes tokenizers/ beside this script
    python make_tokenizer_fixtures.py --check    # computes again by the tokenizers that are there, and compares
    python make_tokenizer_fixtures.py --large FOLDER .build/release/apus-text-bench
                                                 # 10,000 texts by all tokenizers, and learning, in both programs

Every tokenizer is trained on texts that tokenizer_texts.py makes. cases.json: `texts`; for each tokenizer by its name the `numbers` of each
text, and `decoded` with and without special tokens; `merges` that are learned of the texts with a vocabulary of `mergedSize`.
"""
import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

os.environ["TOKENIZERS_PARALLELISM"] = "false"

from tokenizers import (AddedToken, Regex, Tokenizer, __version__, decoders, models, normalizers, pre_tokenizers,  # noqa: E402
                        processors, trainers)

from tokenizer_texts import texts  # noqa: E402

HERE = Path(__file__).parent
FOLDER = HERE / "tokenizers"
LLAMA = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
CLIP = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
ALPHABET = sorted(pre_tokenizers.ByteLevel.alphabet())


def byte_level(size, corpus, special, pre=None, normalizer=None, **model):
    t = Tokenizer(models.BPE(**model))
    if normalizer:
        t.normalizer = normalizer
    t.pre_tokenizer = pre or pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=special, initial_alphabet=ALPHABET, show_progress=False)
    t.train_from_iterator(corpus, trainer)
    return t


def gpt2(corpus, size):
    t = byte_level(size, corpus, ["<|endoftext|>"])
    t.post_processor = processors.ByteLevel(trim_offsets=False)
    return t


def roberta(corpus, size):
    t = byte_level(size, corpus, ["<s>", "<pad>", "</s>", "<unk>"], pre_tokenizers.ByteLevel(add_prefix_space=True))
    t.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    t.add_special_tokens([AddedToken("<mask>", lstrip=True)])
    t.add_tokens([AddedToken("added", single_word=True, normalized=False), AddedToken("two words", rstrip=True)])
    return t


def llama3(corpus, size):
    split = pre_tokenizers.Split(Regex(LLAMA), "isolated")
    t = byte_level(size, corpus, [], pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(False, use_regex=False)]),
                   ignore_merges=True)
    t.add_special_tokens(["<|begin|>", "<|endoftext|>"])
    begin = t.token_to_id("<|begin|>")
    t.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing(single="<|begin|> $A", pair="<|begin|> $A $B", special_tokens=[("<|begin|>", begin)])])
    return t


def lower(corpus, size):
    """Forms, accents and digits; added tokens in the normalized text."""
    n = normalizers.Sequence([normalizers.NFD(), normalizers.Lowercase(), normalizers.StripAccents(), normalizers.NFC()])
    t = byte_level(size, corpus, [], pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                                             pre_tokenizers.ByteLevel(False)]), n)
    t.add_tokens([AddedToken("Token", normalized=True), AddedToken("é", normalized=True, single_word=True)])
    return t


def compatible(corpus, size):
    """NFKC, and every way to split."""
    split = pre_tokenizers.Split
    t = byte_level(size, corpus, [], pre_tokenizers.Sequence([
        split(Regex(r"\s+"), "merged_with_next"), split(".", "merged_with_previous"), split(Regex(r"[\p{Han}\p{Hangul}]"), "contiguous"),
        split(Regex(r"\d\d?"), "isolated"), split("-", "removed"), split(Regex(r"[\w'#]+"), "isolated", invert=True),
        split(Regex(r"(?<=[a-z])(?=[A-Z])"), "isolated"),
        pre_tokenizers.ByteLevel(False, use_regex=False)]), normalizers.NFKC())
    return t


def clip(corpus, size):
    t = Tokenizer(models.BPE(unk_token="<|endoftext|>", end_of_word_suffix="</w>"))
    t.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(CLIP), "removed", invert=True),
                                               pre_tokenizers.ByteLevel(False, use_regex=True)])
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=["<|startoftext|>", "<|endoftext|>"], initial_alphabet=ALPHABET,
                                  end_of_word_suffix="</w>", show_progress=False)
    t.train_from_iterator(corpus, trainer)
    t.post_processor = processors.BertProcessing(("<|endoftext|>", 1), ("<|startoftext|>", 0))
    t.decoder = decoders.Sequence([decoders.ByteLevel(), decoders.Replace("</w>", " ")])
    return t


def llama2(corpus, size):
    """Characters, and bytes where there are none; the whole text is one word."""
    t = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)]
    t.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=size, special_tokens=special, limit_alphabet=90, show_progress=False))
    value = json.loads(t.to_str())
    value["pre_tokenizer"] = None
    value["normalizer"] = {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"},
                                                               {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]}
    value["decoder"] = {"type": "Sequence", "decoders": [
        {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
        {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}
    value["added_tokens"] = value["added_tokens"][:3]
    t = Tokenizer.from_str(json.dumps(value))
    t.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)])
    return t


def bert(corpus, size, cased=False):
    t = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
    t.normalizer = normalizers.BertNormalizer(lowercase=not cased)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    t.train_from_iterator(corpus, trainers.WordPieceTrainer(vocab_size=size, special_tokens=special, show_progress=False))
    if cased:
        t.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    else:
        t.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
                                                         special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    t.decoder = decoders.WordPiece(cleanup=not cased)
    return t


KINDS = {"gpt2": gpt2, "roberta": roberta, "llama3": llama3, "lower": lower, "compatible": compatible, "clip": clip, "llama2": llama2,
         "bert": bert, "bert-cased": lambda corpus, size: bert(corpus, size, cased=True)}
#: Small ones for the files that tests read.
SIZES = {"llama2": 500, "bert": 900, "bert-cased": 900, "clip": 800}
MERGED = 400


def merges(corpus, size):
    t = byte_level(size, corpus, ["<pad>"])
    return t, [list(m) for m in json.loads(t.to_str())["model"]["merges"]]


def fixtures(stored):
    """The files. Some trainers number tokens by chance, so a check takes the `stored` tokenizers."""
    corpus, lines = texts(1, 400), texts(2, 300, pieces=5)
    files, cases = {}, {"about": f"tokenizers {__version__}, made by make_tokenizer_fixtures.py", "texts": lines, "tokenizers": {}}
    for name, make in KINDS.items():
        t = Tokenizer.from_file(str(FOLDER / f"{name}.json")) if stored else make(corpus, SIZES.get(name, 360))
        files[f"{name}.json"] = json.dumps(json.loads(t.to_str()), ensure_ascii=False, separators=(",", ":")) + "\n"
        numbers = [t.encode(line).ids for line in lines]
        cases["tokenizers"][name] = {
            "numbers": [" ".join(map(str, n)) for n in numbers],
            "decoded": [t.decode(n) for n in numbers[::6]],
            "decodedWhole": [t.decode(n, skip_special_tokens=False) for n in numbers[::12]]}
    cases["mergedSize"], cases["merges"] = MERGED, merges(lines, MERGED)[1]
    files["cases.json"] = json.dumps(cases, ensure_ascii=False, separators=(",", ":")) + "\n"
    return files


def large(folder, bench):
    """Compares 10,000 texts and large vocabularies; returns how many differ."""
    folder.mkdir(parents=True, exist_ok=True)
    corpus, lines = texts(11, 10_000), texts(12, 10_000)
    (folder / "texts").write_bytes(b"".join(line.encode() + b"\0" for line in lines))
    (folder / "corpus").write_bytes(b"".join(line.encode() + b"\0" for line in corpus))
    wrong = 0
    for name, make in KINDS.items():
        t = make(corpus, 8000)
        t.save(str(folder / f"{name}.json"))
        subprocess.run([bench, "encode", folder / f"{name}.json", folder / "texts", folder / name], check=True)
        ours = [list(map(int, line.split())) for line in (folder / f"{name}.numbers").read_text().split("\n")[:-1]]
        decoded = (folder / f"{name}.texts").read_bytes().split(b"\0")[:-1]
        assert len(ours) == len(lines) and len(decoded) == 2 * len(lines)
        bad, tokens = [], 0
        for place, line in enumerate(lines):
            numbers = t.encode(line).ids
            tokens += len(numbers)
            both = [t.decode(numbers).encode(), t.decode(numbers, skip_special_tokens=False).encode()]
            if numbers != ours[place] or [d.replace(b"\0", b"") for d in both] != decoded[2 * place:2 * place + 2]:
                bad.append((line, numbers == ours[place], numbers, ours[place], both, decoded[2 * place:2 * place + 2]))
        print(f"{name}: {len(lines)} texts, {tokens} tokens, vocabulary of {t.get_vocab_size()}; {len(bad)} texts differ")
        for item in bad[:2]:
            print("   ", *map(repr, item), sep="\n      ")
        wrong += len(bad)
    t, theirs = merges(corpus, 8000)
    subprocess.run([bench, "train", folder / "corpus", "8000", folder / "learned.json"], check=True)
    ours = json.loads((folder / "learned.json").read_text())
    same = ours["model"]["merges"] == theirs and ours["model"]["vocab"] == json.loads(t.to_str())["model"]["vocab"]
    print(f"learned: {len(theirs)} merges, {'the same' if same else 'others'}")
    again = Tokenizer.from_file(str(folder / "learned.json"))
    same_numbers = all(again.encode(line).ids == t.encode(line).ids for line in lines)
    print(f"written and read by tokenizers: {'the same' if same_numbers else 'other'} numbers")
    return wrong + (not same) + (not same_numbers)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--large", nargs=2, metavar=("FOLDER", "PROGRAM"))
    arguments = parser.parse_args()
    if arguments.large:
        return 1 if large(Path(arguments.large[0]), arguments.large[1]) else 0
    files = fixtures(stored=arguments.check)
    if arguments.check:
        other = [name for name, text in files.items() if (FOLDER / name).read_text() != text]
        print(f"{len(files)} files, others: {', '.join(other) or 'none'}")
        return 1 if other else 0
    FOLDER.mkdir(exist_ok=True)
    for name, text in files.items():
        (FOLDER / name).write_text(text)
    print(f"{len(files)} files, {sum(len(t.encode()) for t in files.values())} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
