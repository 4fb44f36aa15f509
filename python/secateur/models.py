"""Models that run on Secateur's kernels, with the methods that Python programs call already."""
from __future__ import annotations

import ctypes
import json
import os
import pathlib
import queue
import threading
import weakref
from collections.abc import Iterator, Sequence
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from ._library import Generation, TakePiece, Texts, check, library

Path = str | os.PathLike[str]


class Model:
    """A model folder, a GGUF file, or the pruned model of a run folder, loaded.

    Args:
        path: the folder or the file.
        precision: how products of layers that are stored as floats are computed: `float32`, `bfloat16`, `int8` or
            `int4`.
        threads: threads to compute on; 0 for as many as the program may use.

    Raises:
        SecateurError: for what is missing or malformed, by name.
    """

    def __init__(self, path: Path, *, precision: str = "float32", threads: int = 0) -> None:
        self.path = os.fspath(path)
        self._handle = ctypes.c_void_p()
        check(
            library().secateur_model_open(
                self.path.encode(), precision.encode(), threads, ctypes.byref(self._handle)))
        # Not at the end of the program, when a thread may still be computing.
        weakref.finalize(self, library().secateur_model_close, self._handle).atexit = False

    @property
    def max_seq_length(self) -> int:
        """The longest input, in tokens."""
        return library().secateur_model_maximum_tokens(self._handle)

    @property
    def size_bytes(self) -> int:
        """Bytes of the weights as they are held in memory."""
        return library().secateur_model_size_bytes(self._handle)

    def tokenize(self, text: str) -> NDArray[np.int32]:
        """The ids that the model is given for a text, special ones included."""
        data, count = text.encode(), ctypes.c_size_t()
        # No token is of less than a byte, but for a few special ones.
        ids = np.empty(len(data) + 16, dtype=np.int32)
        while True:
            check(
                library().secateur_tokenize(
                    self._handle, data, len(data), ids, len(ids), ctypes.byref(count)))
            if count.value <= len(ids):
                return ids[: count.value].copy()
            ids = np.empty(count.value, dtype=np.int32)


def _progress(ranges: Sequence[range], shown: bool | None) -> Iterator[range]:
    """The ranges, with a bar of tqdm where one is wanted and tqdm is installed."""
    if not shown:
        return iter(ranges)
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return iter(ranges)
    return iter(tqdm(ranges, desc="Batches"))


def _batches(count: int, size: int) -> list[range]:
    if size < 1:
        raise ValueError(f"batch_size: found {size}, allowed 1 or more")
    return [range(start, min(start + size, count)) for start in range(0, count, size)]


class Encoder(Model):
    """Embeds texts, with the signature of `SentenceTransformer.encode`.

        encoder = secateur.Encoder("checkpoints/minilm")
        vectors = encoder.encode(["A cat sits.", "A dog runs."])    # float32 [2 x 384]
    """

    def __init__(self, path: Path, *, precision: str = "float32", threads: int = 0) -> None:
        super().__init__(path, precision=precision, threads=threads)
        if self.get_sentence_embedding_dimension() == 0:
            raise TypeError(f"{self.path}: a model that does not embed; see Classifier and LanguageModel")

    def get_sentence_embedding_dimension(self) -> int:
        """Features of an embedding."""
        return library().secateur_model_features(self._handle)

    def encode(
        self,
        sentences: str | Sequence[str],
        prompt_name: str | None = None,
        prompt: str | None = None,
        batch_size: int = 1024,
        show_progress_bar: bool | None = None,
        convert_to_numpy: bool = True,
        normalize_embeddings: bool = False,
        truncate_dim: int | None = None,
    ) -> NDArray[np.float32] | list[NDArray[np.float32]]:
        """Embeds one text [features], or several [texts x features].

        Texts of a batch are computed without padding, so that a small batch saves memory and no time.

        Args:
            sentences: a text or several.
            prompt_name: the name of a prompt of the model that goes before every text. Default: the model's own.
            prompt: a text to put before every one instead.
            batch_size: texts at a time.
            show_progress_bar: whether tqdm, where it is installed, shows a bar.
            convert_to_numpy: False gives a list of vectors instead of one array.
            normalize_embeddings: whether every vector is divided by its length.
            truncate_dim: how many of the features to keep.
        """
        is_single = isinstance(sentences, str)
        texts = [sentences] if is_single else list(sentences)
        if prompt is not None:
            texts = [prompt + text for text in texts]
        width = self.get_sentence_embedding_dimension()
        embeddings = np.empty((len(texts), width), dtype=np.float32)
        name = None if prompt_name is None else prompt_name.encode()
        for rows in _progress(_batches(len(texts), batch_size), show_progress_bar):
            batch = Texts(texts[rows.start : rows.stop])
            check(
                library().secateur_embed(
                    self._handle, batch.addresses, batch.lengths, batch.count, name,
                    embeddings[rows.start : rows.stop]))
        if truncate_dim is not None:
            embeddings = embeddings[:, :truncate_dim]
        if normalize_embeddings:
            lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
            embeddings = embeddings / np.maximum(lengths, 1e-12)
        if is_single:
            return embeddings[0]
        return embeddings if convert_to_numpy else list(embeddings)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embeds texts to be found, as LangChain and LlamaIndex call it."""
        return np.asarray(self.encode(texts)).tolist()

    def embed_query(self, text: str) -> list[float]:
        """Embeds a text to find others by, as LangChain and LlamaIndex call it."""
        return np.asarray(self.encode(text)).tolist()


class Classifier(Model):
    """Tells classes of texts, or of pairs of texts, apart.

        classifier = secateur.Classifier("checkpoints/cola")
        classifier.predict(["A cat sits.", "Sits cat a."])    # [1, 0]
    """

    def __init__(self, path: Path, *, precision: str = "float32", threads: int = 0) -> None:
        super().__init__(path, precision=precision, threads=threads)
        if self.num_labels == 0:
            raise TypeError(f"{self.path}: a model that does not classify; see Encoder and LanguageModel")
        self._config = self._read_config()
        names = self._config.get("id2label") or {}
        self.id2label: dict[int, str] = {int(number): name for number, name in names.items()}

    @property
    def num_labels(self) -> int:
        """Classes, 1 where it gives a score instead."""
        return library().secateur_model_classes(self._handle)

    def _read_config(self) -> dict[str, Any]:
        """The model's `config.json`, which a run folder has in `model`."""
        folder = pathlib.Path(self.path)
        own = folder / "model" / "config.json"
        return json.loads((own if own.exists() else folder / "config.json").read_text())

    def logits(
        self, texts: Sequence[str] | Sequence[tuple[str, str]], batch_size: int = 1024
    ) -> NDArray[np.float32]:
        """The logits [texts x classes] of texts, or of pairs of them."""
        texts = list(texts)
        logits = np.empty((len(texts), self.num_labels), dtype=np.float32)
        for rows in _batches(len(texts), batch_size):
            part, target = texts[rows.start : rows.stop], logits[rows.start : rows.stop]
            if isinstance(part[0], str):
                batch = Texts(part)
                status = library().secateur_classify(
                    self._handle, batch.addresses, batch.lengths, batch.count, target)
            else:
                first, second = Texts([pair[0] for pair in part]), Texts([pair[1] for pair in part])
                status = library().secateur_classify_pairs(
                    self._handle, first.addresses, first.lengths, second.addresses, second.lengths, first.count,
                    target)
            check(status)
        return logits

    def predict(
        self, texts: Sequence[str] | Sequence[tuple[str, str]], batch_size: int = 1024
    ) -> NDArray[np.int64]:
        """The class with the highest logit of each."""
        return self.logits(texts, batch_size).argmax(axis=1)


class Ranked(TypedDict, total=False):
    """A document as `CrossEncoder.rank` returns it."""

    corpus_id: int
    score: float
    text: str


class CrossEncoder(Classifier):
    """Scores pairs of texts, with the signatures of sentence-transformers' `CrossEncoder`.

    A score is the model's logit, or the logistic function of it, as its configuration says by `activation_fn`; of models
    that say nothing, that of one class is the latter, as in sentence-transformers.
    """

    _SIGMOID = "torch.nn.modules.activation.Sigmoid"
    _IDENTITY = "torch.nn.modules.linear.Identity"

    def __init__(self, path: Path, *, precision: str = "float32", threads: int = 0) -> None:
        super().__init__(path, precision=precision, threads=threads)
        settings = self._config.get("sentence_transformers") or {}
        usual = self._SIGMOID if self.num_labels == 1 else self._IDENTITY
        self._activation: str = (
            settings.get("activation_fn") or self._config.get("sbert_ce_default_activation_function") or usual)
        if self._activation not in (self._SIGMOID, self._IDENTITY):
            raise ValueError(
                f"{self.path}: activation_fn: found {self._activation}, allowed {self._SIGMOID}, {self._IDENTITY}")

    def predict(  # type: ignore[override]
        self,
        sentences: tuple[str, str] | Sequence[tuple[str, str]],
        batch_size: int = 1024,
        apply_softmax: bool = False,
        convert_to_numpy: bool = True,
    ) -> Any:
        """The score of a pair, or of several [pairs]; of a model of several classes, scores [pairs x classes]."""
        is_single = len(sentences) == 2 and isinstance(sentences[0], str)
        logits = self.logits([sentences] if is_single else sentences, batch_size)  # type: ignore[list-item]
        scores = self._activated(logits)
        if apply_softmax and self.num_labels > 1:
            powers = np.exp(scores - scores.max(axis=1, keepdims=True))
            scores = powers / powers.sum(axis=1, keepdims=True)
        if self.num_labels == 1:
            scores = scores[:, 0]
        if is_single:
            return scores[0]
        return scores if convert_to_numpy else list(scores)

    def _activated(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        if self._activation == self._IDENTITY:
            return logits
        return (1 / (1 + np.exp(-logits.astype(np.float64)))).astype(np.float32)

    def rank(
        self,
        query: str,
        documents: Sequence[str],
        top_k: int | None = None,
        return_documents: bool = False,
        batch_size: int = 1024,
    ) -> list[Ranked]:
        """The documents that answer a query best, best first."""
        if self.num_labels != 1:
            raise ValueError(f"{self.path}: found {self.num_labels} classes, allowed 1 to rank by")
        scores = self.predict([(query, document) for document in documents], batch_size)
        ranked: list[Ranked] = []
        for index in np.argsort(-scores, kind="stable")[:top_k]:
            entry: Ranked = {"corpus_id": int(index), "score": float(scores[index])}
            if return_documents:
                entry["text"] = documents[index]
            ranked.append(entry)
        return ranked


class LanguageModel(Model):
    """Continues texts.

        model = secateur.LanguageModel("models/smollm2", precision="int8")
        for piece in model.stream("What is a tree?", chat=True):
            print(piece, end="")
    """

    def generate(self, text: str, **settings: Any) -> str:
        """The continuation of a text; see `stream` for the settings."""
        return "".join(self.stream(text, **settings))

    def stream(
        self,
        text: str,
        *,
        max_tokens: int = 128,
        temperature: float = 0.0,
        top_p: float = 1.0,
        seed: int = 1,
        chat: bool = False,
    ) -> Iterator[str]:
        """The continuation of a text, piece by piece as it is made.

        Args:
            text: what is continued, or what a person says.
            max_tokens: the most tokens to make.
            temperature: logits are divided by it; 0 takes the likeliest token.
            top_p: only the likeliest tokens that together have this probability are chosen among.
            seed: fixes what is random.
            chat: whether the text is put into the model's own form of a conversation.
        """
        pieces: queue.Queue[str | BaseException | None] = queue.Queue()
        stopped = threading.Event()

        @TakePiece
        def take(address: int, length: int, _: int) -> bool:
            pieces.put(ctypes.string_at(address, length).decode())
            return not stopped.is_set()

        def run() -> None:
            wanted = Generation(max_tokens, temperature, top_p, seed, chat)
            data = text.encode()
            try:
                check(
                    library().secateur_generate(
                        self._handle, data, len(data), ctypes.byref(wanted), take, None))
                pieces.put(None)
            except BaseException as error:
                pieces.put(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            while (piece := pieces.get()) is not None:
                if isinstance(piece, BaseException):
                    raise piece
                yield piece
        finally:
            stopped.set()
            thread.join()
