"""Made texts in many scripts, for make_tokenizer_fixtures.py: the same for the same seed, on every machine."""
import random
import unicodedata

WORDS = {
    "english": "the of and to in that was he it with as his on be at by had not are but from or have an they which one you were all "
    "her she there would their we him been has when who will no more if out so said what up its about than into them can only "
    "other new some could time these two may then do first any my now such like our over man even most made after also did many "
    "tokenizer training network learning gradient sequence vocabulary embedding attention byte pair encoding running walked "
    "unbelievable internationalization lower lowest newer newest widest don't isn't we'll they've I'm you'd it's".split(),
    "german": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat daß "
    "Straße größer Übung Äpfel schöne Donaudampfschifffahrt".split(),
    "french": "le de un être et à il avoir ne je son que se qui ce dans en du elle au déjà français cœur naïve garçon Noël "
    "où l'été c'est".split(),
    "korean": "나는 학교에 갑니다 한국어 토큰 모델 학습 문장 단어를 그리고 하지만 사람들이 있습니다 없었다 빠르게 값을 읽다".split(),
    "japanese": "私は 学校 東京 です ます カタカナ ひらがな 日本語の 文章を 学習する モデル ｶﾞｷﾞ ーー 「はい」 。 、".split(),
    "chinese": "我们 在 学习 神经 网络 中文 分词 語言 模型 機器 學習 的 是 了 不 人 𠀀𠀁".split(),
    "arabic": "في من على إلى كان هذا اللغة العربية نموذج كَتَبَ مُحَمَّد السلام عليكم ١٢٣ ٤٥٦".split(),
    "hebrew": "שלום עולם ספר גדול בְּרֵאשִׁית".split(),
    "hindi": "नमस्ते दुनिया भाषा हिन्दी क्षेत्र में है १२३".split(),
    "thai": "สวัสดี ภาษาไทย น้ำ".split(),
    "greek": "Ελληνικά γλώσσα ΣΊΣΥΦΟΣ ὕδωρ ᾧ".split(),
    "russian": "привет мир язык ёлка модель обучение Москва".split(),
    "vietnamese": "tiếng Việt được người những Nguyễn".split(),
}
EMOJI = ["😀", "👩‍👩‍👧‍👦", "🏳️‍🌈", "👍🏽", "❤️", "🇰🇷", "🇫🇷🇩🇪", "☃", "✊🏿", "👨‍🚀", "1️⃣", "🥰", "\u200d", "\ufe0f"]
SPACES = [" ", "  ", "   ", "\t", "\n", "\r\n", "\n\n", " \n ", "\u00a0", "\u2003", "\u3000", "\u200b", "\u0085", "\u2028", "\u202f",
          "\x0b", "\x0c", "\u1680", "\ufeff", "    \t  ", "\r", "\u180e"]
SIGNS = list(".,;:!?\"'()[]{}<>/\\|@#$%^&*-_=+~`") + ["...", "—", "–", "“", "”", "’", "…", "«", "»", "¿", "·", "€", "£", "№", "™", "§",
                                                    "''", "'s", "'S", "'ll", "'LL", "’s", "'re", "--", "!!!", "?!", "://", "**", "¡", "、", "・", "\u2581"]
NUMBERS = ["0", "1", "42", "2024", "3.14", "1,000,000", "1e-3", "0x7f", "²", "½", "Ⅷ", "٣", "１２３", "①", "10%", "$5", "123456789"]
CODE = ["for i in range(10):", "if (a == b) { return c; }", "print('hello')", "x = y + 1", "def f(x):", "    return x", "https://example.org/a?b=c&d=e",
        "user@example.com", "snake_case_name", "camelCaseName", "HTTPServer", "<div class=\"a\">", "C:\\Users", "a/b/c.txt", "#include <stdio.h>"]
MARKS = ["\u0301", "\u0308", "\u0323", "\u0327", "\u20dd", "\u0345", "\u302e", "\u064e"]
SPECIAL = ["<|endoftext|>", "<mask>", "[MASK]", "[SEP]", "<pad>", "<s>", "</s>", "[unused]", "added", "Token", "two words", "</w>"]

#: Characters that Unicode has had since 3.2: no library disagrees on what they are, but on one that became a symbol.
ASSIGNED = [c for c in range(0x20, 0x30000)
            if not 0xD800 <= c < 0xE000 and c != 0x166D and unicodedata.ucd_3_2_0.category(chr(c)) not in ("Cn", "Co")]


def word(r):
    w = r.choice(WORDS[r.choice(list(WORDS))])
    sort = r.random()
    if sort < 0.05:
        w = w.upper()
    elif sort < 0.12:
        w = w.capitalize()
    elif sort < 0.15:
        w = w[: r.randrange(len(w)) + 1] + r.choice(MARKS) + w[r.randrange(len(w)):]
    elif sort < 0.19:
        w = unicodedata.ucd_3_2_0.normalize(r.choice(["NFC", "NFD", "NFKC", "NFKD"]), w)
    return w


def piece(r):
    sort = r.random()
    if sort < 0.68:
        return word(r)
    if sort < 0.74:
        return r.choice(NUMBERS)
    if sort < 0.86:
        return r.choice(SIGNS)
    if sort < 0.90:
        return r.choice(EMOJI)
    if sort < 0.93:
        return r.choice(CODE)
    if sort < 0.96:
        return r.choice(SPECIAL)
    return "".join(chr(r.choice(ASSIGNED)) for _ in range(r.randrange(1, 4)))


def text(r, pieces):
    sort = r.random()
    if sort < 0.01:
        return r.choice(["", " ", "\n", "a", "'", "  ", "\t\t", "é", "\u0301", "👍", "<mask>", " <mask> "])
    if sort < 0.02:
        return r.choice(["ab", "a", " ", "!", "가", "aA", "\n"]) * r.randrange(1, 4 * pieces)
    parts = []
    for _ in range(r.randrange(1, pieces)):
        parts.append(piece(r))
        s = r.random()
        parts.append(" " if s < 0.72 else "" if s < 0.88 else r.choice(SPACES))
    return "".join(parts).replace("\0", "")


def texts(seed, count, pieces=22):
    r = random.Random(seed)
    return [text(r, pieces) for _ in range(count)]
