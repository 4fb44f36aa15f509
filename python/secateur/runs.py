"""Searches, and the folders that they leave."""
from __future__ import annotations

import ctypes
import json
import os
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._library import TakePiece, check, library
from .models import Path


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def search(
    model: Path, *, task: str, train: Path, target_latency: float | str, output: Path, cache: Path | None = None,
    on_event: Callable[[dict[str, Any]], bool | None] | None = None, **options: Any,
) -> Run:
    """Searches for a policy of a model that meets a latency, as `secateur search` does.

    Args:
        model: the dense model's folder or file.
        task: what is preserved: `fidelity`, `sts`, `retrieval`, `classification` or `lm`.
        train: the file for calibration and reward.
        target_latency: a fraction of the dense model's latency, or a text such as `12ms`.
        output: the run folder to write; a run that is there is replaced.
        cache: the folder of level databases. Default: the user's own.
        on_event: is given what happens: `stage` and `fraction`, `evaluation` and `reward`, or `note`; the search stops
            before its next evaluation when it returns False.
        **options: further fields of `run.json`, such as `budget`, `seed`, `threads`, `tokens`, `validation`; in Python's
            spelling or in that of the file.

    Returns:
        The run. Its summary is None when it was stopped.

    Raises:
        SecateurError: for what is missing, malformed or out of range, by name.
    """
    fields = {_camel(name): value for name, value in options.items() if value is not None}
    fields |= {"model": os.fspath(model), "task": task, "train": os.fspath(train), "targetLatency": target_latency}
    if "validation" in fields:
        fields["validation"] = os.fspath(fields["validation"])
    raised: list[BaseException] = []

    def take(piece: int, length: int, _: int | None) -> bool:
        try:
            event = json.loads(ctypes.string_at(piece, length))
            return on_event is None or on_event(event) is not False
        except BaseException as error:  # what is raised here is raised again when the search has stopped
            raised.append(error)
            return False

    status = library().secateur_search(
        json.dumps(fields).encode(), os.fspath(output).encode(),
        None if cache is None else os.fspath(cache).encode(), TakePiece(take), None)
    if raised:
        raise raised[0]
    check(status)
    return Run(output)


class Run:
    """The folder of a search, finished or not.

    Args:
        path: the folder.

    Raises:
        SecateurError: when it is none.
    """

    def __init__(self, path: Path) -> None:
        self.path = os.fspath(path)
        self._read("options")

    def _read(self, part: str) -> Any:
        found: list[bytes] = []

        def take(piece: int, length: int, _: int | None) -> bool:
            found.append(ctypes.string_at(piece, length))
            return True

        check(library().secateur_run_read(self.path.encode(), part.encode(), TakePiece(take), None))
        return json.loads(b"".join(found))

    @property
    def options(self) -> dict[str, Any]:
        """What was asked for, as `run.json` has it."""
        return self._read("options")

    @property
    def summary(self) -> dict[str, Any] | None:
        """What it came to; None before the end."""
        return self._read("summary")

    @property
    def policy(self) -> dict[str, Any]:
        """What was learned, as `policy.json` has it."""
        return self._read("policy")

    @property
    def trace(self) -> dict[str, Any]:
        """Every policy that was evaluated.

        Returns:
            `layers` and `levels` as lists of names; `actions` [evaluations × layers], numbers of levels; and for each
            evaluation `evaluation`, `reward`, `quality`, `latencyMs`, `sizeBytes`, `baseline`, `tokenPasses` and
            `wallClockSeconds`.
        """
        columns = self._read("trace")
        return {
            name: column if name in ("layers", "levels") else _array(column) for name, column in columns.items()}

    @property
    def model(self) -> str:
        """The folder of the pruned model, once the search has ended."""
        return os.path.join(self.path, "model")

    @property
    def report(self) -> str:
        """The report, an HTML file, once the search has ended."""
        return os.path.join(self.path, "report.html")


def _array(column: list[Any]) -> NDArray[Any]:
    # What is no number is written as a text.
    return np.array([float(value) if isinstance(value, str) else value for value in column])
