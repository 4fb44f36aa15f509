"""Scores of an encoder on sentence pairs and on retrieval, defined as `secateur evaluate` defines them."""
import csv
import json
import os

import numpy as np
import tokenizers


def read_table(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def tokenizer(model):
    """The tokenizer of a model folder; sequences end at the length that the model was made for."""
    with open(f"{model}/sentence_bert_config.json") as file:
        longest = json.load(file)["max_seq_length"]
    loaded = tokenizers.Tokenizer.from_file(f"{model}/tokenizer.json")
    loaded.no_padding()
    loaded.enable_truncation(longest)
    return loaded


def token_ids(tokenizer, texts):
    """Ids [1 × tokens] of each text: one sequence at a time needs no padding."""
    return [np.array([encoding.ids]) for encoding in tokenizer.encode_batch(texts)]


def embed(encoder, tokenizer, texts):
    """Means over tokens, of length 1: [texts × dimensions]."""
    means = np.stack([encoder(ids)[0].mean(axis=0) for ids in token_ids(tokenizer, texts)])
    return means / np.linalg.norm(means, axis=1, keepdims=True)


def ranks(values):
    """Ranks from 0, those of equal values their mean."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts + 1) / 2)[inverse]


def spearman(embed, path):
    """Spearman's correlation of cosines with the scores of sentence pairs."""
    rows = read_table(path)
    first, second = (embed([row[name] for row in rows]) for name in ("sentence1", "sentence2"))
    cosines = (first * second).sum(axis=1)
    return float(np.corrcoef(ranks(cosines), ranks([float(row["score"]) for row in rows]))[0, 1])


class Retrieval:
    """A collection in the form of BEIR: documents, queries, and grades of documents for queries."""

    def __init__(self, folder):
        documents = read_table(f"{folder}/documents.tsv")
        self.documents = [f"{row['title']} {row['text']}".strip() for row in documents]
        place = {row["id"]: index for index, row in enumerate(documents)}
        grades = {}
        for row in read_table(f"{folder}/relevance.tsv"):
            grades.setdefault(row["query"], {})[place[row["document"]]] = float(row["grade"])
        queries = [row for row in read_table(f"{folder}/queries.tsv") if row["id"] in grades]
        self.queries = [row["query"] for row in queries]
        self.grades = [grades[row["id"]] for row in queries]

    def score(self, embed):
        """nDCG@10, whose gain is the grade, and recall@100: means over queries."""
        cosines = embed(self.queries) @ embed(self.documents).T
        found = np.argsort(-cosines, axis=1, kind="stable")[:, :100]
        discounts = 1 / np.log2(np.arange(2, 12))
        gains, recalls = [], []
        for order, grades in zip(found, self.grades):
            gained = sum(grades.get(index, 0) * weight for index, weight in zip(order, discounts))
            best = sum(grade * weight for grade, weight in zip(sorted(grades.values())[::-1], discounts))
            relevant = {index for index, grade in grades.items() if grade > 0}
            gains.append(gained / best)
            recalls.append(len(relevant.intersection(order)) / len(relevant))
        return float(np.mean(gains)), float(np.mean(recalls))


def scores(embed, sts, retrieval):
    """Of one encoder: Spearman, nDCG@10 and recall@100; None for data that is not there."""
    found = Retrieval(retrieval).score(embed) if os.path.isdir(retrieval) else (None, None)
    return (spearman(embed, sts) if os.path.exists(sts) else None, *found)
