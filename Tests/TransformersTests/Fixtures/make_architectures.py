"""Writes the folders of tiny encoders and qwen2-tiny: random models made with transformers, and the hidden states, logits, gradients
and token ids that it gives.

Usage: python make_architectures.py   (needs torch, transformers and tokenizers)
"""
import json
import pathlib

import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import (
    BertConfig, BertForSequenceClassification, CamembertConfig, CamembertForSequenceClassification, DistilBertConfig,
    DistilBertForSequenceClassification, Qwen2Config, Qwen2ForCausalLM, RobertaConfig, RobertaForSequenceClassification,
    XLMRobertaConfig, XLMRobertaForSequenceClassification)

FOLDER = pathlib.Path(__file__).parent


def randomize(model):
    torch.manual_seed(11)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.25)
            if parameter.dim() == 1:
                parameter.add_(1)
    return model.eval()


def save(model, name):
    model.save_pretrained(FOLDER / name, safe_serialization=True)
    (FOLDER / name / "generation_config.json").unlink(missing_ok=True)


def rows(values):
    return [[round(float(v), 6) for v in row] for row in values]


def encoder(name, model, inner, ends=(2, 3), words=None):
    """A classifier of sequences, none of which has padding."""
    first, last = ends
    sequences = [[first, 5, 9, 4, last], [first, 7, 7, 10, 4, 8, 6, last], [first, last]]
    randomize(model)
    save(model, f"{name}-tiny")
    folder = FOLDER / f"{name}-tiny"
    if words:
        (folder / "vocab.txt").write_text("\n".join(words.split()))
    with torch.no_grad():
        states = [rows(inner(torch.tensor([ids])).last_hidden_state[0]) for ids in sequences]
        logits = [rows(model(torch.tensor([ids])).logits)[0] for ids in sequences]
    labels = [0, 2, 1]
    losses = [model(torch.tensor([ids]), labels=torch.tensor([label])).loss for ids, label in zip(sequences, labels)]
    loss = sum(losses) / len(losses)
    loss.backward()
    named = {name: p for name, p in model.named_parameters() if p.grad is not None}
    (folder / "outputs.json").write_text(json.dumps({
        "sequences": sequences, "states": states, "logits": logits, "labels": labels, "loss": float(loss.detach()),
        "gradientNorms": {name: round(float(p.grad.norm()), 7) for name, p in named.items()},
        "gradientWaves": {name: round(float((p.grad.flatten() * torch.arange(p.numel()).sin()).sum()), 7)
                          for name, p in named.items()}}))


ROBERTA_WORDS = "[CLS] [PAD] [SEP] [UNK] red blue cat dog runs sits [MASK]"
WORDS = "[PAD] [UNK] [CLS] [SEP] red blue cat dog runs sits [MASK]"
BERT = dict(
    vocab_size=11, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24, num_labels=3,
    hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)


def encoders():
    for name, activation in (("distilbert", "gelu"), ("distilbert-relu", "relu")):
        model = DistilBertForSequenceClassification(DistilBertConfig(
            vocab_size=11, dim=16, n_layers=2, n_heads=2, hidden_dim=24, max_position_embeddings=12, num_labels=3,
            activation=activation))
        encoder(name, model, model.distilbert, words=WORDS)
    model = BertForSequenceClassification(BertConfig(**BERT, max_position_embeddings=12, hidden_act="gelu_new"))
    encoder("bert-tanh", model, model.bert, words=WORDS)
    # Ids 0, 1 and 2 begin, fill and end sequences; positions begin at 2.
    for name, kind, configuration in (
            ("roberta", RobertaForSequenceClassification, RobertaConfig),
            ("xlm-roberta", XLMRobertaForSequenceClassification, XLMRobertaConfig),
            ("camembert", CamembertForSequenceClassification, CamembertConfig)):
        model = kind(configuration(
            **BERT, max_position_embeddings=14, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1, bos_token_id=0,
            eos_token_id=2))
        encoder(name, model, model.roberta, ends=(0, 2), words=ROBERTA_WORDS)


QWEN2_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2_TEXT = (
    "It's a test, they'LL say: don't count 1234 on it!\n\nOne (two)  three -- four...\n\tA café, 2 cafés.\r\n"
    "The cat sits on the mat. The dog runs and the bird sings; we've seen 56 of them.\n")


def qwen2():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(QWEN2_SPLIT), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator([QWEN2_TEXT], trainers.BpeTrainer(
        vocab_size=96, special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"], show_progress=False))
    model = randomize(Qwen2ForCausalLM(Qwen2Config(
        vocab_size=96, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=1024, tie_word_embeddings=True, bos_token_id=None,
        eos_token_id=0)))
    save(model, "qwen2-tiny")
    tokenizer.save(str(FOLDER / "qwen2-tiny" / "tokenizer.json"), pretty=False)
    (FOLDER / "qwen2-tiny" / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|im_end|>"}))
    # Twice with é in two code points.
    texts = [QWEN2_TEXT, "the cafe\u0301's 12 cats<|im_end|>\n", "We'Ve  (a) \n\n \r\n  don't..\n"]
    ids = [1, 5, 9, 2, 33, 60, 17, 17, 4, 0, 63, 21, 8, 8, 41, 30, 12, 3, 55, 2]
    with torch.no_grad():
        logits = rows(model(torch.tensor([ids])).logits[0])
    (FOLDER / "qwen2-tiny" / "logits.json").write_text(json.dumps({"ids": ids, "logits": logits}))
    (FOLDER / "qwen2-tiny" / "tokens.json").write_text(json.dumps(
        [{"text": text, "ids": tokenizer.encode(text).ids} for text in texts]))


encoders()
qwen2()
