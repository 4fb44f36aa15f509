"""Writes distilbert-tiny: a random model made with transformers, and the hidden states, logits and
gradients that it gives.

Usage: python make_architectures.py   (needs torch and transformers)
"""
import json
import pathlib

import torch
from transformers import DistilBertConfig, DistilBertForSequenceClassification

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


def distilbert():
    sequences = [[2, 5, 9, 1, 3], [2, 7, 7, 10, 4, 8, 6, 3], [2, 3]]
    model = randomize(DistilBertForSequenceClassification(DistilBertConfig(
        vocab_size=11, dim=16, n_layers=2, n_heads=2, hidden_dim=24, max_position_embeddings=12, num_labels=3)))
    save(model, "distilbert-tiny")
    (FOLDER / "distilbert-tiny" / "vocab.txt").write_text(
        "\n".join("[PAD] [UNK] [CLS] [SEP] red blue cat dog runs sits [MASK]".split()))
    with torch.no_grad():
        states = [rows(model.distilbert(torch.tensor([ids])).last_hidden_state[0]) for ids in sequences]
        logits = [rows(model(torch.tensor([ids])).logits)[0] for ids in sequences]
    labels = [0, 2, 1]
    losses = [model(torch.tensor([ids]), labels=torch.tensor([label])).loss for ids, label in zip(sequences, labels)]
    loss = sum(losses) / len(losses)
    loss.backward()
    (FOLDER / "distilbert-tiny" / "outputs.json").write_text(json.dumps({
        "sequences": sequences, "states": states, "logits": logits, "labels": labels, "loss": float(loss.detach()),
        "gradientNorms": {name: round(float(p.grad.norm()), 7) for name, p in model.named_parameters()},
        "gradientWaves": {name: round(float((p.grad.flatten() * torch.arange(p.numel()).sin()).sum()), 7)
                          for name, p in model.named_parameters()}}))


distilbert()
