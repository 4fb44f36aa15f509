"""Writes the folders of tiny decoders: random models made with transformers, and the logits that it gives.

Usage: python make_decoder_fixtures.py   (needs torch and transformers)
"""
import json
import pathlib

import torch
from transformers import (
    GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM, Qwen3Config,
    Qwen3ForCausalLM, SmolLM3Config, SmolLM3ForCausalLM)

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
SIZES = dict(
    vocab_size=64, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, max_position_embeddings=64)
write("llama-tiny", LlamaForCausalLM(LlamaConfig(**SIZES, tie_word_embeddings=False)))
write("llama3-tiny", LlamaForCausalLM(LlamaConfig(**SIZES, rope_parameters={
    "rope_type": "llama3", "rope_theta": 100.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 16})))
write("llama-linear-tiny", LlamaForCausalLM(LlamaConfig(**SIZES, rope_parameters={
    "rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0})))
write("mistral-tiny", MistralForCausalLM(MistralConfig(**SIZES, sliding_window=32, tie_word_embeddings=False)))
write("qwen3-tiny", Qwen3ForCausalLM(Qwen3Config(**SIZES, head_dim=8, tie_word_embeddings=True)))
write("smollm3-tiny", SmolLM3ForCausalLM(SmolLM3Config(
    **{**SIZES, "num_hidden_layers": 4}, pad_token_id=0, bos_token_id=1, eos_token_id=2, tie_word_embeddings=True)))
