"""Writes tokenizers.json: small tokenizers of every kind, and what the Hugging Face `tokenizers` library makes of hard texts.

    pip install tokenizers==0.23.3 sentencepiece==0.2.3
    python make_tokenizers.py

`texts` are the texts. A case names the components of its tokenizer, which stand under `parts` as JSON texts, and
the texts that it is about; for each there are ids, and the offsets of tokens in Unicode scalars, flattened.
`tokens` has how a token is spelled where the vocabulary spells it otherwise, by text and place. `decoded` is the text
of the ids, special tokens included. `sentencepiece` has models in base 64 and the ids by the sentencepiece library.
The trainers break ties by chance, so a second run writes other vocabularies, and what they make of the texts.
"""

import base64
import io
import json
import pathlib
import tempfile

import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

LINES = [
    "The cook put the old copper pot on the stove and waited for the water to boil.",
    "Seven small boats were tied to the jetty, and none of them had moved since Tuesday.",
    "She counted 12 jars, 345 nails and 6789 seeds; it wasn't enough, they'd need 10 more.",
    "Der Müller grüßt die Köchin, während das Mädchen Äpfel wäscht.",
    "Le garçon a mangé une crêpe à l'école, puis il s'est caché derrière le chêne.",
    "El niño soñó que el pingüino cantaba en la montaña.",
    "Мельник приветствует повариху, а дети едят яблоки.",
    "Ο μυλωνάς χαιρετά τη μαγείρισσα και τα παιδιά τρώνε μήλα.",
    "الطباخ يضع القدر على النار وينتظر الماء.",
    "הטבח שם את הסיר על הכיריים ומחכה למים.",
    "रसोइया बर्तन चूल्हे पर रखता है और पानी का इंतज़ार करता है।",
    "พ่อครัววางหม้อบนเตาแล้วรอน้ำ",
    "厨师把锅放在炉子上等水开。料理人は鍋を火にかけて待つ。",
    "요리사가 냄비를 불에 올리고 물을 기다린다.",
]

TEXTS = [
    "", " ", "The old cook waited.", "it wasn't 12,345.67 or they'd've 'S 'LL", "  two  spaces\tand\ttabs  ", "a\r\nb\n\nc\r\rd \n",
    "x" * 70 + " " + "y" * 5, " " * 40 + "far", "The<mask>cook <mask> the  <mask>  pot", "<s>The</s> <S> word<w>word <w> x", "TheEnd the END theend",
    "Müller grüßt Äpfel", "Mu\u0308ller gru\u0308\u00dft A\u0308pfel", "a\u0315\u0300\u05ae\u0301b e\u0323\u0302 \u1ec7 q\u0307\u0323", "\u0301 leading \u0301\u0302", "İstanbul ılık IĞDIR ŞIK",
    "ΣΊΣΥΦΟΣ σίσυφος ᾼ ΐ ẞ ﬀ", "ﬁ ﬂ ﬃ ĳ ǆ ½ ² ℌ ㎏ ™ Ⅷ", "Ｆｕｌｌ　ｗｉｄｔｈ １２３ ﾊﾝｶｸ ｶﾞ", "Мельник, яблоки ёж й", "القدر على النار ٣٤٥ لا ﷺ", "הסִיר עַל הכיריים־מקף",
    "रसोइया क्षत्रिय ५६ ज़", "พ่อครัววางหม้อ ๑๒ น้ำ", "厨师把锅放在炉子上。「料理」人は、カタカナー", "요리사가 \u1112\u1161\u11ab 각", "ঢাকা தமிழ் తెలుగు ಕನ್ನಡ മലയാളം", "გამარჯობა Հայերեն ትግርኛ ខ្មែរ မြန်မာ",
    "👋🏽 👩‍👩‍👧 🏳️‍🌈 ❤️ 🇫🇷x", "zero\u200bwidth\u200cjoin\u200der\u2060\ufeff", "nul\0 \x01 \x0b \x0c \x7f \x85 \x9f", "soft\u00adhyphen nb\u00a0sp\u202f\u2003\u3000\u2028x", "\ufffd \ue000 \U000e0041",
    "“quoted” ‘it’ «x» … — – ‽ ¿Qué?", "$5.00 + €6 = <x> | ~^` a_b-c", "\u212b \u2126 \u0344 \u0958 \ufb31 \u2adc", "𝒜𝓫 𝟗 𐐀 𠀀 \U0002f800", "▁under▁ ▁", "don't DON'T dOn'T 'ſ x'ſ", "३ 4५6 ٣a ௧௨",
    "one,two;three.four!five?six", "http://a.example/b?c=d#e", "\n", "\r\n\r\n \t x", "ab" * 20, "zzz qqq", "Tab\tThe\nold\n cook", "the cook.The pot", "…..!!! ??",
]
NAMES = {text: number for number, text in enumerate(TEXTS)}
SOME = [0, 1, 2, 3, 4, 5, 7, 11, 12, 13, 14, 16, 17, 18, 20, 22, 24, 25, 28, 29, 30, 31, 37, 39, 43]

QWEN2 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3 = QWEN2.replace(r"\p{N}|", r"\p{N}{1,3}|")
GPT4O = "|".join([
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"])

ADDED = [
    AddedToken("<s>", special=True, normalized=False), AddedToken("</s>", special=True, normalized=False),
    AddedToken("<mask>", special=True, normalized=False, lstrip=True), AddedToken("<w>", single_word=True, normalized=False),
    AddedToken("  <", rstrip=True, normalized=False), AddedToken("TheEnd", normalized=True, rstrip=True, special=False),
]


class Fixture:
    def __init__(self):
        self.parts, self.cases, self.names = [], [], {}

    def part(self, value):
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        if text not in self.names:
            self.names[text] = len(self.parts)
            self.parts.append(text)
        return self.names[text]

    def add(self, name, tokenizer, texts=SOME):
        saved = json.loads(tokenizer.to_str())
        case = {"name": name, "texts": list(texts), "ids": [], "offsets": [], "tokens": {}, "decoded": []}
        for key in ["added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model"]:
            case[key] = self.part(saved[key])
        for place, number in enumerate(texts):
            encoding = tokenizer.encode(TEXTS[number])
            case["ids"].append(encoding.ids)
            case["offsets"].append([end for offset in encoding.offsets for end in offset])
            for index, (id, token) in enumerate(zip(encoding.ids, encoding.tokens)):
                if tokenizer.id_to_token(id) != token:
                    case["tokens"][f"{place}.{index}"] = token
            case["decoded"].append(tokenizer.decode(encoding.ids, skip_special_tokens=False))
        self.cases.append(case)


def trained(model, trainer, normalizer=None, pre_tokenizer=None):
    tokenizer = Tokenizer(model)
    if normalizer:
        tokenizer.normalizer = normalizer
    if pre_tokenizer:
        tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.train_from_iterator(LINES, trainer)
    return tokenizer


def byte_level(pre_tokenizer, size=380, **options):
    trainer = trainers.BpeTrainer(
        vocab_size=size, show_progress=False, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    tokenizer = trained(models.BPE(**options), trainer, pre_tokenizer=pre_tokenizer)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def add_models(fixture):
    every = range(len(TEXTS))
    wordpiece = trained(
        models.WordPiece(unk_token="[UNK]"),
        trainers.WordPieceTrainer(vocab_size=420, show_progress=False, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]),
        normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer())
    wordpiece.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    wordpiece.decoder = decoders.WordPiece()
    fixture.add("WordPiece", wordpiece, every)

    gpt2 = byte_level(pre_tokenizers.ByteLevel(add_prefix_space=False))
    fixture.add("GPT-2", gpt2, every)
    gpt2.add_tokens(ADDED)
    fixture.add("added tokens", gpt2, every)
    gpt2.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    start, end = gpt2.token_to_id("<s>"), gpt2.token_to_id("</s>")
    gpt2.post_processor = processors.RobertaProcessing(("</s>", end), ("<s>", start))
    fixture.add("RoBERTa", gpt2, every)
    gpt2.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    gpt2.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=True, add_prefix_space=False),
        processors.TemplateProcessing("<s> $A", "<s> $A <s>:1 $B:1", [("<s>", start)])])
    fixture.add("normalized added tokens", gpt2, every)

    isolated = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    for name, pattern in [("Qwen2", QWEN2), ("Llama 3", LLAMA3), ("GPT-4o", GPT4O)]:
        split = pre_tokenizers.Split(Regex(pattern), "isolated")
        fixture.add(name, byte_level(pre_tokenizers.Sequence([split, isolated]), 320, ignore_merges=name == "Llama 3"), every)
    fixture.add("SmolLM", byte_level(pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]), 300))

    for name, fuse, unknown in [("unknown", False, "<unk>"), ("fused unknown", True, "<unk>"), ("no unknown", False, None)]:
        options = {"unk_token": unknown} if unknown else {}
        tokenizer = trained(
            models.BPE(fuse_unk=fuse, **options),
            trainers.BpeTrainer(vocab_size=150, limit_alphabet=60, show_progress=False, special_tokens=["<unk>"]),
            pre_tokenizer=pre_tokenizers.WhitespaceSplit())
        fixture.add(f"BPE, {name}", tokenizer)
    suffixed = trained(
        models.BPE(unk_token="<unk>", end_of_word_suffix="</w>", continuing_subword_prefix="@@"),
        trainers.BpeTrainer(
            vocab_size=300, limit_alphabet=80, show_progress=False, special_tokens=["<unk>"], end_of_word_suffix="</w>",
            continuing_subword_prefix="@@"), normalizers.Lowercase(), pre_tokenizers.BertPreTokenizer())
    suffixed.decoder = decoders.BPEDecoder()
    fixture.add("BPE, prefix and suffix", suffixed)

    add_sentencepieces(fixture, every)
    words = trained(
        models.WordLevel(unk_token="?"), trainers.WordLevelTrainer(vocab_size=120, show_progress=False, special_tokens=["?"]),
        pre_tokenizer=pre_tokenizers.Whitespace())
    fixture.add("WordLevel", words)


def add_sentencepieces(fixture, every):
    bytes_first = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    llama = trained(
        models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True),
        trainers.BpeTrainer(vocab_size=520, limit_alphabet=90, show_progress=False, special_tokens=bytes_first),
        normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]))
    saved = json.loads(llama.to_str())
    saved["added_tokens"] = saved["added_tokens"][:3]
    llama = Tokenizer.from_str(json.dumps(saved))
    llama.decoder = decoders.Sequence([
        decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    llama.post_processor = processors.TemplateProcessing("<s> $A", "<s> $A <s>:1 $B:1", [("<s>", 1)])
    fixture.add("Llama 2", llama, every)
    llama.normalizer = None
    llama.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    fixture.add("Llama 2, first", llama, every)
    llama.normalizer = normalizers.Strip()
    llama.decoder = decoders.Metaspace(prepend_scheme="first")
    fixture.add("Llama 2, stripped", llama)

    unigram = trained(
        models.Unigram(), trainers.UnigramTrainer(
            vocab_size=260, show_progress=False, special_tokens=["<s>", "<pad>", "</s>", "<unk>"], unk_token="<unk>"),
        normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]),
        pre_tokenizers.Metaspace())
    unigram.decoder = decoders.Metaspace()
    unigram.post_processor = processors.TemplateProcessing("$A </s>", "$A </s> $B </s>", [("</s>", 2)])
    fixture.add("Unigram", unigram, every)
    saved = json.loads(unigram.to_str())
    # Sums of scores must not depend on the last digits.
    saved["model"]["vocab"] = [[token, round(score, 4)] for token, score in saved["model"]["vocab"]]
    fallback = [[f"<0x{byte:02X}>", -30.0] for byte in range(256)]
    saved["model"]["vocab"] += fallback
    saved["model"]["byte_fallback"] = True
    saved["pre_tokenizer"] = None
    fixture.add("Unigram, bytes", Tokenizer.from_str(json.dumps(saved)))


def add_components(fixture):
    def characters(normalizer, texts):
        seen = sorted({c for n in texts for c in normalizer.normalize_str(TEXTS[n])})
        tokenizer = Tokenizer(models.WordLevel({c: i for i, c in enumerate(["?"] + [c for c in seen if c != "?"])}, unk_token="?"))
        tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, pre_tokenizers.FixedLength(1)
        return tokenizer

    charsmap = spm_map()
    for normalizer in [
            normalizers.BertNormalizer(), normalizers.BertNormalizer(clean_text=False, lowercase=False, strip_accents=True),
            normalizers.NFC(), normalizers.NFD(), normalizers.NFKC(), normalizers.NFKD(), normalizers.Lowercase(),
            normalizers.StripAccents(), normalizers.Strip(), normalizers.Strip(left=False), normalizers.Replace("o", "00"),
            normalizers.Replace(Regex(r"\s+|[aeiou]{2}|\w$"), "_"), normalizers.Prepend("ab"), normalizers.Nmt(),
            normalizers.Precompiled(charsmap), normalizers.ByteLevel(),
            normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents(), normalizers.Replace("e", ""), normalizers.NFC()])]:
        name = json.loads(normalizer.__getstate__())["type"]
        fixture.add(f"normalizer {name}", characters(normalizer, SOME))

    def pieces(pre_tokenizer, normalizer=None):
        tokenizer = Tokenizer(models.WordLevel({"?": 0, "cook": 1, " ": 2, "▁the": 3}, unk_token="?"))
        tokenizer.pre_tokenizer = pre_tokenizer
        if normalizer:
            tokenizer.normalizer = normalizer
        return tokenizer

    split = pre_tokenizers.Split
    behaviors = ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]
    for behavior in behaviors:
        fixture.add(f"pieces Split, {behavior}", pieces(split(Regex(r"[\s,.]|\d{2}"), behavior)))
        fixture.add(f"pieces Punctuation, {behavior}", pieces(pre_tokenizers.Punctuation(behavior)))
    for behavior in behaviors:
        fixture.add(f"pieces inverted Split, {behavior}", pieces(split("o", behavior, invert=True)))
    for pre_tokenizer in [
            pre_tokenizers.BertPreTokenizer(), pre_tokenizers.Digits(), pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.Whitespace(), pre_tokenizers.WhitespaceSplit(), pre_tokenizers.CharDelimiterSplit("o"),
            pre_tokenizers.UnicodeScripts(), pre_tokenizers.FixedLength(3), pre_tokenizers.Metaspace(),
            pre_tokenizers.Metaspace("_", prepend_scheme="never"), pre_tokenizers.Metaspace(split=False),
            pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="first")]),
            pre_tokenizers.Sequence([pre_tokenizers.ByteLevel(), pre_tokenizers.Digits()]),
            split(Regex(r"(?i:the)|\bcook\b|(?<=o)k|\p{Han}+|[[:punct:]]"), "isolated"),
            split(Regex(QWEN2), "removed"), split(Regex(QWEN2), "removed", invert=True)]:
        name = json.loads(pre_tokenizer.__getstate__())["type"]
        fixture.add(f"pieces {name}", pieces(pre_tokenizer))
    fixture.add("pieces after a normalizer", pieces(
        pre_tokenizers.Metaspace(prepend_scheme="first"), normalizers.Sequence([normalizers.Strip(), normalizers.NFKC()])))


def add_pairs(fixture):
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(["?", "[C]", "[S]", "a", "b", "c"])}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    found = []
    for processor in [
            None, processors.BertProcessing(("[S]", 2), ("[C]", 1)), processors.RobertaProcessing(("[S]", 2), ("[C]", 1)),
            processors.TemplateProcessing("[C] $A [S]", "[C] $A [S] [S] $B:1 [S]:1", [("[C]", 1), ("[S]", 2)])]:
        if processor:
            tokenizer.post_processor = processor
        for maximum in [6, 7, 9, 100]:
            tokenizer.enable_truncation(maximum, strategy="longest_first")
            encoding = tokenizer.encode("a b c a b", "c c c a")
            single = tokenizer.encode("a b c a b a b c")
            tokenizer.no_truncation()
            found.append({
                "tokenizer": tokenizer.to_str(), "maximum": maximum, "ids": encoding.ids, "first": encoding.type_ids.count(0),
                "single": single.ids, "plain": tokenizer.encode("a b", add_special_tokens=False).ids})
    return found


def trained_piece(**options):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES), model_writer=model, num_threads=1, minloglevel=2, **options)
    return model.getvalue()


def spm_map():
    # A few rules of the writer's own: characters, a sequence, one that vanishes, and one for a decomposed letter.
    rules = pathlib.Path(tempfile.mkdtemp()) / "rules.tsv"
    rules.write_text("\n".join([
        "FB01\t66 69", "FF21\t41", "2002\t20", "3000\t20", "AD\t", "41 41\t42", "65 301\tE9", "55 308\tDC", "1F44B\t3A 29", "2460\t31",
        "BD\t31 2F 32", "9\t20", "A\t20", "D A\t20", "3F2\t73 73 73"]) + "\n")
    model = trained_piece(vocab_size=260, normalization_rule_tsv=str(rules), hard_vocab_limit=False)
    return bytes_field(bytes_field(model, 3), 2)


def bytes_field(message, wanted):
    """The bytes of a field of a message in the encoding of protocol buffers."""
    place = 0

    def number():
        nonlocal place
        value = shift = 0
        while True:
            byte = message[place]
            place += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while place < len(message):
        key = number()
        kind = key & 7
        length = number() if kind in (0, 2) else {1: 8, 5: 4}[kind]
        if kind != 0:
            if key >> 3 == wanted:
                return message[place:place + length]
            place += length


def add_pieces():
    found = []
    for name, options in [
            ("unigram", {"vocab_size": 300, "hard_vocab_limit": False, "normalization_rule_name": "identity"}),
            ("bpe", {"vocab_size": 500, "model_type": "bpe", "byte_fallback": True, "normalization_rule_name": "identity",
                     "remove_extra_whitespaces": False, "character_coverage": 0.98}),
            ("no prefix", {"vocab_size": 300, "hard_vocab_limit": False, "add_dummy_prefix": False,
                           "normalization_rule_name": "identity", "user_defined_symbols": ["<u>"]})]:
        data = trained_piece(**options)
        processor = sentencepiece.SentencePieceProcessor(model_proto=data)
        found.append({
            "name": name, "model": base64.b64encode(data).decode(),
            "ids": [processor.encode(text) for text in TEXTS], "decoded": [processor.decode(processor.encode(text)) for text in TEXTS]})
    return found


def main():
    fixture = Fixture()
    add_models(fixture)
    add_components(fixture)
    lines = lambda values: "[\n" + ",\n".join(json.dumps(v, ensure_ascii=True, separators=(",", ":")) for v in values) + "\n]"
    path = pathlib.Path(__file__).with_name("tokenizers.json")
    path.write_text('{"texts":%s,\n"parts":%s,\n"cases":%s,\n"pairs":%s,\n"sentencepiece":%s}\n' % (
        lines(TEXTS), lines(fixture.parts), lines(fixture.cases), lines(add_pairs(fixture)), lines(add_pieces())))
    print(f"{path.name}: {len(fixture.cases)} cases, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
