"""Makes the reference that training is tested against: a tiny random BERT with a classifier, trained for a few
steps by transformers' own model, PyTorch's autograd and PyTorch's AdamW.

    python make_training_steps.py        # needs torch, transformers, safetensors; writes reference/ beside this file
"""
import json
import pathlib

import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertForSequenceClassification

FOLDER = pathlib.Path(__file__).parent / "reference"
STEPS, PEAK, WARM_UP, CLIP, DECAY = 6, 5e-3, 1, 1.0, 0.01
BATCHES = [
    ([[1, 2, 3, 4, 5], [6, 7, 8]], [2, 3], [0, 1]),
    ([[9, 10, 1], [2, 4, 6, 8, 10, 1]], [3, 4], [1, 1]),
    ([[5, 5, 2, 9], [3, 1, 7]], [1, 2], [0, 0]),
]

torch.manual_seed(7)
config = BertConfig(
    vocab_size=11, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24,
    max_position_embeddings=12, type_vocab_size=2, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    initializer_range=0.3, num_labels=2, layer_norm_eps=1e-6)
model = BertForSequenceClassification(config).train()
FOLDER.mkdir(exist_ok=True)


def save(name):
    save_file({key: value.contiguous() for key, value in model.state_dict().items()
               if value.dtype == torch.float32}, FOLDER / name)


def rate(step):
    if step < WARM_UP:
        return PEAK * (step + 1) / WARM_UP
    return PEAK * (STEPS - step) / (STEPS - WARM_UP)


save("model.safetensors")
(FOLDER / "config.json").write_text(json.dumps({
    "model_type": "bert", "architectures": ["BertForSequenceClassification"], "hidden_act": "gelu",
    "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24,
    "vocab_size": 11, "max_position_embeddings": 12, "type_vocab_size": 2, "layer_norm_eps": 1e-6}))
decayed = [p for p in model.parameters() if p.dim() == 2]
others = [p for p in model.parameters() if p.dim() != 2]
optimiser = torch.optim.AdamW(
    [{"params": decayed, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}],
    lr=PEAK, betas=(0.9, 0.999), eps=1e-8)
losses, norms = [], []
for step in range(STEPS):
    sequences, firsts, labels = BATCHES[step % len(BATCHES)]
    longest = max(map(len, sequences))
    ids = torch.tensor([s + [0] * (longest - len(s)) for s in sequences])
    mask = torch.tensor([[1] * len(s) + [0] * (longest - len(s)) for s in sequences])
    types = torch.tensor([[0] * f + [1] * (len(s) - f) + [0] * (longest - len(s))
                          for s, f in zip(sequences, firsts)])
    optimiser.zero_grad()
    loss = model(input_ids=ids, attention_mask=mask, token_type_ids=types, labels=torch.tensor(labels)).loss
    loss.backward()
    norms.append(float(torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)))
    for group in optimiser.param_groups:
        group["lr"] = rate(step)
    optimiser.step()
    losses.append(float(loss))
save("trained.safetensors")
(FOLDER / "steps.json").write_text(json.dumps({
    "losses": losses, "gradientNorms": norms, "peak": PEAK,
    "batches": [{"sequences": s, "firsts": f, "labels": l} for s, f, l in BATCHES]}))
print(losses, norms)
