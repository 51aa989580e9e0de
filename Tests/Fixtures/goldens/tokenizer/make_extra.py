"""Makes unicode.json and extra.json with tokenizers 0.19.1: python make_extra.py"""
import json
import os
import random

from tokenizers import AddedToken, Tokenizer, normalizers, pre_tokenizers

HERE = os.path.dirname(os.path.abspath(__file__))
SCALARS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]


def ranges(values):
    out = []
    for value in values:
        if out and out[-1][1] == value - 1:
            out[-1][1] = value
        else:
            out.append([value, value])
    return out


def bert(**on):
    options = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return normalizers.BertNormalizer(**{**options, **on}).normalize_str


def classes():
    clean, chinese = bert(clean_text=True), bert(handle_chinese_chars=True)
    strip, lower, nfd = bert(strip_accents=True), bert(lowercase=True), normalizers.NFD().normalize_str
    words, level = pre_tokenizers.BertPreTokenizer(), pre_tokenizers.ByteLevel(add_prefix_space=False)
    parts = {c: len(words.pre_tokenize_str("a" + chr(c) + "a")) for c in SCALARS}
    joins = lambda first, c: len(level.pre_tokenize_str(first + chr(c))) == 1
    return dict(
        control=ranges(c for c in SCALARS if clean(chr(c)) == ""),
        space=ranges(c for c in SCALARS if parts[c] == 2),
        punctuation=ranges(c for c in SCALARS if parts[c] == 3),
        mark=ranges(c for c in SCALARS if strip(chr(c)) == ""),
        chinese=ranges(c for c in SCALARS if chinese(chr(c)) != chr(c)),
        letter=ranges(c for c in SCALARS if joins("a", c)),
        number=ranges(c for c in SCALARS if joins("1", c)),
        lowercase={c: lower(chr(c)) for c in SCALARS if lower(chr(c)) != chr(c)},
        decomposition={
            c: nfd(chr(c)) for c in SCALARS
            if nfd(chr(c)) != chr(c) and not 0xAC00 <= c <= 0xD7A3 and not 0xF900 <= c <= 0xFAFF
            and not 0x2F800 <= c <= 0x2FA1F},
    )


def tiny():
    tokenizer = Tokenizer.from_file(os.path.join(HERE, "../models/wordpiece/tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def row(encoding):
    return dict(
        ids=encoding.ids, types=encoding.type_ids, special=encoding.special_tokens_mask,
        offsets=[list(o) for o in encoding.offsets])


def windows():
    tokenizer, rows = tiny(), []
    a, b = "a b c d e f g", "h i j k"
    for first, second, length, strategy, stride in [
        (a, b, 8, "longest_first", 1), (a, b, 8, "longest_first", 0), (a, b, 8, "only_first", 0),
        ("a b", "h i j k l m n", 8, "only_second", 1), (a, b, 3, "longest_first", 0),
        (a, b, 9, "longest_first", 2), (b, a, 8, "longest_first", 1), (a, None, 5, "longest_first", 2),
        (a, None, 2, "longest_first", 0), (a, b, 64, "longest_first", 3),
    ]:
        tokenizer.enable_truncation(length, stride=stride, strategy=strategy)
        e = tokenizer.encode(first, second) if second is not None else tokenizer.encode(first)
        rows.append(dict(a=first, b=second, length=length, truncation=strategy, stride=stride,
                         windows=[row(x) for x in [e] + e.overflowing]))
    return rows


ADDED = [
    AddedToken("Straße", normalized=True), AddedToken("<left>", lstrip=True, normalized=False),
    AddedToken("<right>", rstrip=True, normalized=False),
    AddedToken("<word>", single_word=True, normalized=False),
    AddedToken("<both>", lstrip=True, rstrip=True, normalized=False, special=True),
    AddedToken("new york", single_word=True, normalized=True),
    AddedToken("<le", normalized=False), AddedToken("ab", normalized=False), AddedToken("abcd", normalized=False),
]


def added():
    tokenizer = tiny()
    tokenizer.add_tokens(ADDED)
    R = random.Random(11)
    bits = ["Straße", "STRASSE", "straße", "<left>", "<right>", "<word>", "<both>", "new york",
            "New York", "new yorker", "<le", "ab", "abc", "abcd", "abcde", " ", "  ", "\t", "\u2003", "é",
            "x", ".", "_", "[MASK]", "[SEP]", "the", "e\u0301", "中"]
    texts = ["".join(R.choice(bits) for _ in range(R.randint(1, 8))) for _ in range(120)]
    rows = []
    for text in texts:
        e = tokenizer.encode(text)
        rows.append(dict(text=text, **row(e), decoded=tokenizer.decode(e.ids, skip_special_tokens=True)))
    return dict(tokens=json.loads(tokenizer.to_str())["added_tokens"], rows=rows)


def raw():
    tokenizer, R = tiny(), random.Random(12)
    tokenizer.normalizer = normalizers.BertNormalizer(clean_text=False)
    bits = ["a", "\u00ad", "\x00", "\x01", "\x0b", "\x85", "\u200b", "\ufeff", "\ufffd", "\ue000", " ", "\t",
            "\u2000", "中", "é", "E", "\u302e", "\u0327", "\u0301", "."]
    texts = ["".join(R.choice(bits) for _ in range(R.randint(1, 12))) for _ in range(60)]
    return [dict(text=t, **row(tokenizer.encode(t))) for t in texts]


def save(name, value):
    with open(os.path.join(HERE, name), "w") as file:
        json.dump(value, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    save("unicode.json", classes())
    save("extra.json", dict(windows=windows(), added=added(), raw=raw()))
