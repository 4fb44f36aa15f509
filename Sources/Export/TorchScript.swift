/// The Python that comes with masks.
enum TorchScript {
    /// For an encoder: scored by Spearman's ρ on sentence pairs, as `secateur evaluate --task sts` does.
    ///
    /// - Parameter prefix: what names in the files may have before those of the model that is loaded.
    static func encoder(prefix: String) -> String {
        head("AutoModel", prefix, data: "tab-separated pairs: sentence1, sentence2, score") + sts
    }

    /// For a language model: scored by its perplexity, as `secateur evaluate --task lm` does.
    static func decoder(prefix: String) -> String {
        head("AutoModelForCausalLM", prefix, data: "plain text") + perplexity
    }

    private static func head(_ loader: String, _ prefix: String, data: String) -> String {
        """
        #!/usr/bin/env python3
        \"""Prunes a dense model with torch.nn.utils.prune by the masks and weights in this folder.

            python apply_masks.py MODEL [--save FOLDER] [--data FILE]

        MODEL is the dense model's folder, FILE is \(data).
        Needs torch, transformers and safetensors.
        \"""
        import argparse
        import json
        import math
        import pathlib

        import torch
        from safetensors.torch import load_file
        from torch.nn.utils import prune
        from transformers import AutoTokenizer, \(loader)

        HERE = pathlib.Path(__file__).resolve().parent


        def apply_masks(model):
            \"""Every pruned layer gets its weight, and its mask as `weight_mask`.\"""
            masks = load_file(HERE / "masks.safetensors")
            weights = load_file(HERE / "weights.safetensors")
            modules = dict(model.named_modules())
            for name, mask in masks.items():
                short = name.removeprefix("\(prefix)")
                module = modules[name if name in modules else short]
                with torch.no_grad():
                    module.weight.copy_(weights[name])
                    if f"{name}.bias" in weights:
                        module.bias.copy_(weights[f"{name}.bias"])
                prune.custom_from_mask(module, "weight", mask)
            return [modules[n if n in modules else n.removeprefix("\(prefix)")] for n in masks]


        def load(path):
            model = \(loader).from_pretrained(path, dtype=torch.float32).eval()
            return model, apply_masks(model)


        """ + "\n"
    }

    private static let sts = """
        def longest(model):
            \"""The most tokens of a sentence, as sentence-transformers has it.\"""
            before = 2 if model.config.model_type in ("roberta", "xlm-roberta", "camembert") else 0
            positions = model.config.max_position_embeddings - before
            path = pathlib.Path(model.config._name_or_path) / "sentence_bert_config.json"
            own = json.loads(path.read_text()).get("max_seq_length") if path.is_file() else None
            return min(own or positions, positions)


        def embed(model, tokenizer, sentences, batch=32):
            \"""The mean over a sentence's tokens, of length 1.\"""
            found = []
            for start in range(0, len(sentences), batch):
                inputs = tokenizer(sentences[start:start + batch], padding=True, truncation=True,
                                   max_length=longest(model), return_tensors="pt")
                with torch.no_grad():
                    states = model(**inputs).last_hidden_state
                mask = inputs["attention_mask"].unsqueeze(-1).float()
                found.append(torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1), dim=-1))
            return torch.cat(found)


        def ranks(values):
            \"""Ranks, the mean one for equal values.\"""
            _, inverse, counts = torch.unique(values, return_inverse=True, return_counts=True)
            return (counts.cumsum(0) - (counts - 1) / 2)[inverse].double()


        def score(model, tokenizer, path):
            lines = pathlib.Path(path).read_text(encoding="utf-8").splitlines()
            names = lines[0].split("\\t")
            rows = [dict(zip(names, line.split("\\t"))) for line in lines[1:] if line]
            first, second = (embed(model, tokenizer, [row[n] for row in rows])
                             for n in ("sentence1", "sentence2"))
            found = ranks((first.double() * second.double()).sum(-1))
            given = ranks(torch.tensor([float(row["score"]) for row in rows]))
            return "spearman", torch.corrcoef(torch.stack([found, given]))[0, 1].item()


        """ + "\n" + tail

    private static let perplexity = """
        def score(model, tokenizer, path, window=512, most=40):
            text = pathlib.Path(path).read_text(encoding="utf-8")
            ids = tokenizer(text, return_tensors="pt", add_special_tokens=False).input_ids[0]
            windows = [ids[i:i + window] for i in range(0, len(ids) - window + 1, window)][:most]
            total = 0.0
            with torch.no_grad():
                for part in windows:
                    total += model(part[None], labels=part[None]).loss.item()
            return "perplexity", math.exp(total / len(windows))


        """ + "\n" + tail

    private static let tail = """
        def main():
            parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
            parser.add_argument("model")
            parser.add_argument("--save", help="write the pruned model, its masks made permanent")
            parser.add_argument("--data", help="score the pruned model on this file")
            arguments = parser.parse_args()
            model, pruned = load(arguments.model)
            tokenizer = AutoTokenizer.from_pretrained(arguments.model)
            zeros = sum((module.weight == 0).sum().item() for module in pruned)
            print(f"layers {len(pruned)}")
            print(f"zeros {zeros}")
            if arguments.data:
                print("%s %.6f" % score(model, tokenizer, arguments.data))
            if arguments.save:
                for module in pruned:
                    prune.remove(module, "weight")
                model.save_pretrained(arguments.save)
                tokenizer.save_pretrained(arguments.save)


        if __name__ == "__main__":
            main()

        """
}
