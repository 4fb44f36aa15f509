"""Writes gpt2-tiny and llama-tiny: random models made with transformers, and the logits that it gives.

Usage: python make_decoder_fixtures.py   (needs torch and transformers)
"""
import json
import pathlib

import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

IDS = [1, 5, 9, 2, 33, 60, 17, 17, 4, 0, 63, 21, 8, 8, 41, 30, 12, 3, 55, 2]


def write(name, model):
    torch.manual_seed(7)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.25)
            if parameter.dim() == 1:
                parameter.add_(1)
    model.eval()
    folder = pathlib.Path(__file__).with_name(name)
    model.save_pretrained(folder, safe_serialization=True)
    (folder / "generation_config.json").unlink(missing_ok=True)
    with torch.no_grad():
        logits = model(torch.tensor([IDS])).logits[0]
    rows = [[round(float(v), 6) for v in row] for row in logits]
    (folder / "logits.json").write_text(json.dumps({"ids": IDS, "logits": rows}))


write("gpt2-tiny", GPT2LMHeadModel(GPT2Config(vocab_size=64, n_positions=32, n_embd=16, n_layer=2, n_head=2)))
write(
    "llama-tiny",
    LlamaForCausalLM(
        LlamaConfig(
            vocab_size=64, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
            num_key_value_heads=2, max_position_embeddings=64, tie_word_embeddings=False)))
