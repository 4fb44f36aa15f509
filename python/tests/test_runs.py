"""Searches, runs and the environment, on a model so small that a search takes seconds."""
import csv
import io
import os
import subprocess

import gymnasium
import numpy as np
import pytest
import tiny
from gymnasium.utils.env_checker import check_env

import secateur
import secateur.gym

PROGRAM = os.environ["SECATEUR_PROGRAM"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    tiny.write(folder / "model")
    return folder


def searched(folder, output, **options):
    return secateur.search(
        folder / "model", task="fidelity", train=folder / "model" / "text.txt", target_latency=0.9, output=output,
        cache=folder / "cache", threads=1, tokens=16, budget=60, **options)


@pytest.fixture(scope="module")
def run(folder):
    return searched(folder, folder / "run")


def test_a_run_is_what_the_command_reads(run, folder):
    assert run.options["budget"] == 60 and run.options["task"] == "fidelity"
    assert run.summary["evaluations"] == len(run.trace["reward"]) > 10
    assert [entry["layer"] for entry in run.policy["layers"]] == run.trace["layers"]
    lines = subprocess.run(
        [PROGRAM, "trace", run.path, "--csv"], check=True, capture_output=True, text=True).stdout
    rows = list(csv.DictReader(io.StringIO(lines)))
    assert np.array_equal(run.trace["reward"], [float(row["reward"]) for row in rows])
    levels = np.array(run.trace["levels"])[run.trace["actions"]]
    assert levels.tolist() == [[row[layer] for layer in run.trace["layers"]] for row in rows]
    assert secateur.Encoder(run.model).encode("the cat sits").shape == (32,)


def test_a_search_is_followed_and_stopped(folder):
    events = []

    def follow(event):
        events.append(event)
        return event.get("evaluation") != 5

    stopped = searched(folder, folder / "stopped", on_event=follow)
    assert stopped.summary is None and len(stopped.trace["reward"]) == 5
    assert any("stage" in event for event in events) and events[-1]["evaluation"] == 5

    class Mine(Exception):
        pass

    def fail(event):
        if event.get("evaluation") == 3:
            raise Mine

    with pytest.raises(Mine):
        searched(folder, folder / "failed", on_event=fail)


@pytest.mark.parametrize("options, words", [
    ({"budgets": 3}, "budgets"), ({"seed": "x"}, "seed"), ({"metric": 5}, "metric"), ({"recover": "soon"}, "recover"),
    ({"calibration_sentences": 1}, "calibrationSentences"),
])
def test_what_is_wrong_is_named(folder, options, words):
    with pytest.raises(secateur.SecateurError, match=words):
        searched(folder, folder / "wrong", **options)
    assert not (folder / "wrong").exists()


def test_what_is_missing_is_named(folder):
    with pytest.raises(secateur.SecateurError, match="nowhere"):
        secateur.Run(folder / "nowhere")
    with pytest.raises(secateur.SecateurError, match="2.0"):
        secateur.search(
            folder / "model", task="fidelity", train="x", target_latency=2.0, output=folder / "wrong")
    with pytest.raises(secateur.SecateurError, match="nothing"):
        secateur.search(
            folder / "model", task="nothing", train="x", target_latency=0.5, output=folder / "wrong")


def test_the_environment_is_gymnasiums(run, folder):
    environment = secateur.gym.PruningEnv(run.path, cache=folder / "cache")
    check_env(environment, skip_render_check=True)
    assert environment.action_space == gymnasium.spaces.Discrete(len(run.trace["levels"]))


def test_an_episode_gives_what_the_trace_has(run, folder):
    environment = secateur.gym.PruningEnv(run.path, cache=folder / "cache", strict=True)
    for row in [0, len(run.trace["reward"]) - 1]:
        observation, info = environment.reset()
        assert observation.shape == environment.observation_space.shape
        for step, action in enumerate(run.trace["actions"][row]):
            assert info["action_mask"][action] and np.array_equal(info["action_mask"], environment.action_masks())
            _, reward, terminated, truncated, info = environment.step(action)
            assert terminated == (step + 1 == environment.layers) and not truncated
        assert reward == run.trace["reward"][row] and info["quality"] == run.trace["quality"][row]
        assert info["latencyMs"] == run.trace["latencyMs"][row] and info["sizeBytes"] == run.trace["sizeBytes"][row]


def test_masked_actions(run, folder):
    environment = secateur.gym.PruningEnv(run.path, cache=folder / "cache", strict=True)

    def masked(target):
        try:
            return np.flatnonzero(~environment.reset(options={"target": target})[1]["action_mask"])
        except secateur.SecateurError:
            return np.array([])

    target = next(target for target in np.arange(0.95, 0.05, -0.01) if len(masked(target)))
    action = masked(target)[0]
    with pytest.raises(secateur.SecateurError):
        environment.step(action)
    lenient = secateur.gym.PruningEnv(run.path, cache=folder / "cache", target=target)
    lenient.reset()
    assert lenient.step(action)[4]["replaced"]
    for impossible in [0.0001, 2]:
        with pytest.raises(secateur.SecateurError):
            environment.reset(options={"target": impossible})
