"""The environment of a search as a Gymnasium environment, so that any agent can be tried on it."""
from __future__ import annotations

import ctypes
import os
import weakref
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from ._library import Terms, check, library
from .models import Path


class PruningEnv(gymnasium.Env[NDArray[np.float32], int]):
    """The layers of a model in order, a level for each; at the end the policy is evaluated, and its reward is given.

    Actions number the run's levels. Those with which the target could no longer be met are masked: `action_masks()`, as
    MaskablePPO of sb3-contrib asks for, and `info["action_mask"]`. A masked action is replaced by the nearest one that is
    allowed, and `info["replaced"]` says so; with `strict=True` it raises.

    Observations are numbers of about unit size: the layer's position; its share of the dense latency among layers and of the
    whole; what is spent, what is left and the target, as fractions of the dense latency; the level of the layer before; then
    the layer's latency at each level, as a fraction of the slowest dense layer, and the loss of quality that is expected of
    each level.

    Args:
        run: the folder of a run that has evaluated a policy: its levels, latencies, rewards and level database are used, and
            not changed. `secateur search … --agent uniform` makes one in a minute.
        target: the latency to meet, as a fraction of dense. Default: the run's.
        cache: the folder of level databases. Default: the run's own.
        strict: whether a masked action raises.

    Raises:
        SecateurError: for no such run; `reset` raises it for a target that no policy meets.
    """

    metadata: dict[str, Any] = {"render_modes": []}

    def __init__(
        self, run: Path, *, target: float | None = None, cache: Path | None = None, strict: bool = False,
    ) -> None:
        self._handle = ctypes.c_void_p()
        check(
            library().secateur_environment_open(
                os.fspath(run).encode(), None if cache is None else os.fspath(cache).encode(),
                ctypes.byref(self._handle)))
        weakref.finalize(self, library().secateur_environment_close, self._handle).atexit = False
        self.layers = library().secateur_environment_layers(self._handle)
        levels = library().secateur_environment_levels(self._handle)
        features = library().secateur_environment_features(self._handle)
        self.target, self.strict = target or 0.0, strict
        self.action_space = gymnasium.spaces.Discrete(levels)
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (features,), np.float32)
        self._features = np.zeros(features, np.float32)
        self._mask = np.zeros(levels, np.bool_)

    def action_masks(self) -> NDArray[np.bool_]:
        """Which levels can still meet the target."""
        return self._mask.copy()

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None,
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Starts an episode; `options={"target": 0.25}` sets the latency of this one."""
        super().reset(seed=seed)
        target = (options or {}).get("target", self.target)
        check(
            library().secateur_environment_reset(
                self._handle, target, self._features, self._mask))
        return self._features.copy(), {"action_mask": self.action_masks()}

    def step(self, action: int) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Decides the level of the present layer. The reward is 0 but for the last layer's; `info` has its terms then."""
        action, replaced = int(action), False
        allowed = np.flatnonzero(self._mask)
        if not self.strict and len(allowed) and not self._mask[action]:
            nearest, replaced = int(allowed[np.abs(allowed - action).argmin()]), True
            action = nearest
        terminated, terms = ctypes.c_bool(), Terms()
        check(
            library().secateur_environment_step(
                self._handle, action, self._features, self._mask, ctypes.byref(terminated), ctypes.byref(terms)))
        info: dict[str, Any] = {"replaced": True} if replaced else {}
        if not terminated.value:
            return self._features.copy(), 0.0, False, False, info | {"action_mask": self.action_masks()}
        self._mask[:] = False
        info |= {
            "quality": terms.quality, "latencyMs": terms.latency_ms, "sizeBytes": terms.size_bytes,
            "action_mask": self.action_masks()}
        return self._features.copy(), terms.reward, True, False, info
