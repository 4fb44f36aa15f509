"""Writes wordpiece.json: what the Hugging Face `tokenizers` library makes of varied text.

    pip install tokenizers==0.23.3
    python make_wordpiece.py PATH/TO/models/minilm

`encodings` pairs a text with its ids by the model's tokenizer.json, without truncation or padding.
`words` pairs a text and the four settings of BertNormalizer with the words of BertPreTokenizer,
and needs no vocabulary. `pairs` gives two texts and a maximum the ids and how many of them are of the first
text, truncated with the strategy longest_first. The random texts are seeded, so a second run writes the same file.
"""

import json
import pathlib
import random
import sys

from tokenizers import Tokenizer
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

WRITTEN = [
    "", " ", "Hello world!", "The quick brown fox jumps over the lazy dog.", "it's   spaced\tout\nover\r\nlines ",
    "naïve café Ångström résumé São Paulo", "nai\u0308ve cafe\u0301 A\u030angstro\u0308m", "Ṩ ṩ Ệ ǭ ḝ ẛ̣",
    "a\u0315\u0300\u05ae\u0301b", "e\u0323\u0302 \u1ec7 e\u0302\u0323", "\u0301leading mark", "x\u0334\u0338\u20d2y",
    "北京欢迎你 means Beijing welcomes you", "東京タワーへ行きました。", "ひらがなとカタカナ ﾊﾝｶｸ", "中a文1字",
    "\u3400\u4dbf \U00020000\U0002a6df \U0002a700 \U0002b740 \U0002b820 \U0002b91f \U0002b920 \U0002ceaf \U0002f800",
    "\uf900\ufa0e compatibility", "안녕하세요 세계", "\u1112\u1161\u11ab 한 \u302e\u302f", "가각힣 뷁",
    "👋🏽 wave 👩‍👩‍👧‍👦 family 🏳️‍🌈 flag ❤️ heart ☺︎ text 🇫🇷", "\u200bzero\u200cwidth\u200djoin\u2060er\ufeff bom",
    "nul\0inside \x01\x02 control \x7f del \x85 nel \x0b vt \x0c ff", "replacement \ufffd character",
    "soft\u00adhyphen and\u00a0no-break\u202fspaces\u3000wide\u2003em \u2028 line \u2029 paragraph \u180e mongolian",
    "private \ue000 \U000f0000 \U0010fffd use", "unassigned \u0378 \uffff \U0001fffe \U000e0080",
    "tag \U000e0001\U000e0041 letters", "مرحبا بالعالم، كيف حالك؟", "بِسْمِ ٱللَّٰهِ", "שָׁלוֹם עוֹלָם", "עברית־מקף",
    "İstanbul ılık IĞDIR iğne", "DİYARBAKIR ı I i İ", "Straße STRASSE ẞ groß", "ΣΊΣΥΦΟΣ σίσυφος ὈΔΥΣΣΕΎΣ ᾼ ᾳ ΐ",
    "ПРИВЕТ, мир! ёлка й", "नमस्ते दुनिया क्षत्रिय", "สวัสดีชาวโลก", "வணக்கம் உலகம்", "ওহে বিশ্ব", "გამარჯობა ᲒᲐᲛᲐᲠᲯᲝᲑᲐ",
    "“curly” ‘quotes’ «guillemets» „low“ …ellipsis – en — em ― bar", "¿Qué? ¡Sí! § ¶ · ‽ ⁂ ※ 〽", "$5.00 €6 £7 ¥8 ₹9 + = < > | ~ ^ `",
    "a.b,c;d:e!f?g(h)i[j]k{l}m/n\\o'p\"q-r_s@t#u%v&w*x", "123 4,567.89 ½ ² Ⅷ ④ ٣ ५ 𝟗", "ﬁ ﬂ ﬀ ligatures Ǆ ǅ ǆ Ⓐ ⅷ",
    "𝒜𝓫𝔠 𝐌𝐚𝐭𝐡 ＦＵＬＬ ｗｉｄｔｈ", "𐐀𐐁 deseret 𞤀 adlam 𐲀 ꭰ Ꭰ", "a" * 100, "a" * 101, "b" * 300 + " end", "é" * 100, "é" * 101,
    "日" * 120, "x" + "\u0301" * 150 + "y", "supercalifragilisticexpialidocious antidisestablishmentarianism",
    "[CLS] literal [SEP] and [MASK] and [PAD] [UNK]", "[cls] [Mask] [ MASK ] [[MASK]] x[MASK]y", "[MASK][MASK].[MASK",
    "the capital of France is [MASK].", "##ing ## #hash un##able", "[unused1] [unused99]", "https://example.org/a?b=c&d=%20#e",
    "user@example.com v1.2.3-rc.4 C++ C# .NET node.js", "don't can't we've I'm o'clock rock'n'roll", "\u02bcapostrophe \u2019right",
    "\u166d\U000111c9 old punctuation", "\u1734 \U0001171e \u1885\u1886 \ua9bd changed marks", "\u2e43\u2e52 new punctuation",
    "\u1ac1\u08d3 new marks", "\U00011938 new decomposition", "\u08e2\U000110cd new formats", "K \u212a \u2126 \u212b", "\u0344\u0340\u0341\u0374\u037e",
    "\u0f71\u0f72\u0f74 \u0f73\u0f75\u0f81", "\u302a\u302b \u1b44\u1b35", "Å\u0327 q\u0307\u0323", "tab\tnew\nreturn\rend",
]

WORDS = (
    "a The and model prunes layers sparse matrix QUICKLY without losing accuracy on Benchmarks; however, latency "
    "matters: 3.5 ms, 90% zeros! café naïve Zürich 北京 東 München déjà-vu co-operate e-mail U.S.A. running runner's "
    "unbelievably hyperparameter tokenization [MASK] (perhaps) \"quoted\" über ßtraße İzmir Ωmega Москва 한국 🙂 x2 10th"
).split()

BLOCKS = [
    (0x00, 0x7F), (0x80, 0xFF), (0x100, 0x24F), (0x250, 0x2FF), (0x300, 0x36F), (0x370, 0x3FF), (0x400, 0x52F),
    (0x530, 0x5FF), (0x600, 0x6FF), (0x700, 0x8FF), (0x900, 0xDFF), (0xE00, 0xFFF), (0x1000, 0x10FF), (0x1100, 0x11FF),
    (0x1200, 0x139F), (0x13A0, 0x177F), (0x1780, 0x1AFF), (0x1B00, 0x1CFF), (0x1D00, 0x1DFF), (0x1E00, 0x1FFF),
    (0x2000, 0x206F), (0x2070, 0x20FF), (0x2100, 0x23FF), (0x2400, 0x2BFF), (0x2C00, 0x2E7F), (0x2E80, 0x303F),
    (0x3040, 0x31FF), (0x3200, 0x4DFF), (0x4E00, 0x9FFF), (0xA000, 0xA4CF), (0xA4D0, 0xABFF), (0xAC00, 0xD7FF),
    (0xE000, 0xF8FF), (0xF900, 0xFAFF), (0xFB00, 0xFDFF), (0xFE00, 0xFFFF), (0x10000, 0x107FF), (0x10800, 0x10FFF),
    (0x11000, 0x11FFF), (0x12000, 0x16FFF), (0x17000, 0x1CFFF), (0x1D000, 0x1DFFF), (0x1E000, 0x1EFFF),
    (0x1F000, 0x1FAFF), (0x1FB00, 0x1FFFF), (0x20000, 0x323AF), (0xE0000, 0xE01EF),
]


def random_texts(generator, count):
    for index in range(count):
        if index % 3 == 0:
            yield " ".join(generator.choice(WORDS) for _ in range(generator.randint(3, 14)))
            continue
        blocks = generator.sample(BLOCKS, 2)
        scalars = []
        for _ in range(generator.randint(2, 14)):
            low, high = generator.choice(blocks)
            scalars.append(chr(generator.randint(low, high)))
            if generator.random() < 0.25:
                scalars.append(generator.choice(" aE.e\u0301n"))
        yield "".join(scalars)


def main():
    folder = pathlib.Path(sys.argv[1])
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    generator = random.Random(20250601)
    texts = WRITTEN + list(random_texts(generator, 600 - len(WRITTEN)))
    encodings = [{"text": text, "ids": tokenizer.encode(text).ids} for text in texts]

    words = []
    for text in WRITTEN + list(random_texts(generator, 300)):
        settings = [generator.random() < 0.5 for _ in range(4)]
        clean, chinese, accents, lowercase = settings
        normalizer = BertNormalizer(
            clean_text=clean, handle_chinese_chars=chinese, strip_accents=accents, lowercase=lowercase)
        split = BertPreTokenizer().pre_tokenize_str(normalizer.normalize_str(text))
        words.append({"text": text, "settings": settings, "words": [word for word, _ in split]})

    pairs = []
    generator = random.Random(20250602)
    for _ in range(120):
        first, second = (" ".join(generator.choice(WORDS) for _ in range(generator.randint(0, 12))) for _ in "ab")
        maximum = generator.randint(3, 40)
        tokenizer.enable_truncation(maximum, strategy="longest_first")
        encoding = tokenizer.encode(first, second)
        pairs.append({"texts": [first, second], "maximum": maximum, "ids": encoding.ids,
                      "first": encoding.type_ids.count(0)})

    path = pathlib.Path(__file__).with_name("wordpiece.json")
    lines = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in encodings)
    word_lines = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in words)
    pair_lines = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in pairs)
    path.write_text('{"encodings":[\n%s\n],"words":[\n%s\n],"pairs":[\n%s\n]}\n' % (lines, word_lines, pair_lines))
    print(f"{path.name}: {len(encodings)} encodings, {len(words)} word lists, {len(pairs)} pairs, "
          f"{path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
