#!/usr/bin/env python3
"""Compares `secateur evaluate --task retrieval` with sentence-transformers' InformationRetrievalEvaluator.

That evaluator knows no grades, so every grade is set to 1 in a copy of the collection. Run by hand, in an
environment that has sentence-transformers (with torch 2.13.0). Exits with 1 where a metric differs by more
than the tolerance.
"""
import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile

from sentence_transformers import SentenceTransformer
from sentence_transformers.evaluation import InformationRetrievalEvaluator


def read_table(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def write_binary(folder, copy):
    """Copies a collection with every grade above 0 set to 1."""
    for name in ("documents.tsv", "queries.tsv"):
        shutil.copy(f"{folder}/{name}", copy)
    rows = [row for row in read_table(f"{folder}/relevance.tsv") if float(row["grade"]) > 0]
    with open(f"{copy}/relevance.tsv", "w", encoding="utf-8") as file:
        file.write("query\tdocument\tgrade\n")
        file.writelines(f"{row['query']}\t{row['document']}\t1\n" for row in rows)


def theirs(model, folder):
    relevant = {}
    for row in read_table(f"{folder}/relevance.tsv"):
        relevant.setdefault(row["query"], set()).add(row["document"])
    documents = read_table(f"{folder}/documents.tsv")
    evaluator = InformationRetrievalEvaluator(
        queries={row["id"]: row["query"] for row in read_table(f"{folder}/queries.tsv")},
        corpus={row["id"]: f"{row['title']} {row['text']}".strip() for row in documents},
        relevant_docs=relevant, name="binary", ndcg_at_k=[10], mrr_at_k=[10], precision_recall_at_k=[100],
        main_score_function="cosine", write_csv=False)
    found = evaluator(SentenceTransformer(model, device="cpu"))
    names = {"ndcg@10": "ndcg@10", "recall@100": "recall@100", "mrr@10": "mrr@10"}
    return {ours: float(found[f"binary_cosine_{name}"]) for ours, name in names.items()}


def ours(command, model, folder):
    arguments = [command, "evaluate", model, "--task", "retrieval", "--data", folder, "--json"]
    found = json.loads(subprocess.run(arguments, check=True, capture_output=True).stdout)
    return {"ndcg@10": found["value"], "recall@100": found["recall100"], "mrr@10": found["mrr10"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="models/minilm")
    parser.add_argument("--secateur", default=os.environ.get("SECATEUR", ".build/release/secateur"))
    parser.add_argument("--data", default="../shared/data/cranfield")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_binary(arguments.data, folder)
        found = ours(arguments.secateur, arguments.model, folder)
        expected = theirs(arguments.model, folder)
    wrong = 0
    for name, value in expected.items():
        difference = abs(found[name] - value)
        wrong += not difference <= arguments.tolerance
        print(f"{name:12s} secateur {found[name]:.6f}  sentence-transformers {value:.6f}  {difference:.1e}")
    if wrong:
        sys.exit(f"{wrong} of {len(expected)} metrics differ by more than {arguments.tolerance}")


if __name__ == "__main__":
    main()
