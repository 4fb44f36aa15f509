"""The package as it is installed, on real models."""
import json
import os
import subprocess
import threading
import time

import numpy as np
import pytest

import secateur

MODEL = os.environ["SECATEUR_MODEL"]
LANGUAGE_MODEL = os.environ["SECATEUR_LANGUAGE_MODEL"]
PROGRAM = os.environ["SECATEUR_PROGRAM"]
SENTENCES = [
    "A cat sits on the mat.", "", "Stocks fell on Monday.", "naïve café \N{GRINNING FACE}", "word " * 600,
    "A kitten is on the rug.",
]


@pytest.fixture(scope="module")
def encoder():
    return secateur.Encoder(MODEL)


def test_embeddings_are_those_of_the_command(encoder):
    lines = subprocess.run(
        [PROGRAM, "embed", MODEL], input="\n".join(SENTENCES) + "\n", capture_output=True, text=True, check=True)
    expected = np.array([json.loads(line) for line in lines.stdout.splitlines()], dtype=np.float32)
    found = encoder.encode(SENTENCES)
    assert found.dtype == np.float32 and found.shape == (len(SENTENCES), 384)
    assert np.array_equal(found, expected)
    assert np.array_equal(encoder.encode(SENTENCES, batch_size=2), expected)
    assert np.array_equal(encoder.encode(SENTENCES[0]), expected[0])


def test_what_encode_returns(encoder):
    assert encoder.encode([]).shape == (0, 384)
    assert isinstance(encoder.encode(SENTENCES[:2], convert_to_numpy=False), list)
    assert encoder.encode(SENTENCES[:2], truncate_dim=64).shape == (2, 64)
    short = encoder.encode(SENTENCES[:2], truncate_dim=64, normalize_embeddings=True)
    assert np.allclose(np.linalg.norm(short, axis=1), 1, atol=1e-6)
    assert np.array_equal(encoder.encode("cat", prompt="query: "), encoder.encode("query: cat"))
    assert encoder.embed_query("cat") == encoder.encode("cat").tolist()
    assert encoder.embed_documents(["cat", "dog"]) == encoder.encode(["cat", "dog"]).tolist()
    assert encoder.max_seq_length == 256 and encoder.get_sentence_embedding_dimension() == 384
    assert encoder.tokenize("Hello world!").tolist() == [101, 7592, 2088, 999, 102]
    with pytest.raises(ValueError):
        encoder.encode(SENTENCES, batch_size=0)


def test_zero_bytes_are_part_of_a_text(encoder):
    # BERT's tokenizer removes them; what follows is still read.
    assert np.array_equal(encoder.encode("a\0cat"), encoder.encode("acat"))


def test_what_is_wrong_has_a_code():
    with pytest.raises(secateur.SecateurError, match="nowhere: no such model folder") as error:
        secateur.Encoder("nowhere")
    assert error.value.code == "missing"
    with pytest.raises(secateur.SecateurError, match="'int3'") as error:
        secateur.Encoder(MODEL, precision="int3")
    assert error.value.code == "unsupported"
    with pytest.raises(TypeError):
        secateur.Classifier(MODEL)
    with pytest.raises(secateur.SecateurError, match="prompt 'query'") as error:
        secateur.Encoder(MODEL).encode("a", prompt_name="query")
    assert error.value.code == "unsupported"


def test_other_threads_run_meanwhile(encoder):
    """While one thread computes for a good part of a second, another one is not held up for nearly as long."""
    texts, done, longest = ["word " * 200] * 200, threading.Event(), 0.0
    thread = threading.Thread(target=lambda: (encoder.encode(texts), done.set()))
    start = last = time.perf_counter()
    thread.start()
    while not done.is_set():
        time.sleep(0.001)
        longest, last = max(longest, time.perf_counter() - last), time.perf_counter()
    thread.join()
    assert longest < (time.perf_counter() - start) / 2


def test_several_threads_may_share_a_model(encoder):
    expected, found = encoder.encode(SENTENCES), [None] * 4
    def work(index):
        found[index] = encoder.encode(SENTENCES)
    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(found))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(one, expected) for one in found)


def test_text_is_generated_piece_by_piece():
    model = secateur.LanguageModel(LANGUAGE_MODEL, precision="int8")
    pieces = list(model.stream("The capital of France is", max_tokens=6))
    assert len(pieces) > 2 and "Paris" in "".join(pieces)
    assert model.generate("The capital of France is", max_tokens=6) == "".join(pieces)
    # Whoever stops reading stops the work.
    start = time.perf_counter()
    for piece in model.stream("Count: one, two,", max_tokens=8000):
        break
    assert time.perf_counter() - start < 30
    with pytest.raises(secateur.SecateurError) as error:
        model.generate("a", top_p=0)
    assert error.value.code == "out_of_range"
