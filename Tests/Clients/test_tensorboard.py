"""TensorBoard's own reader on what a trace writes, also while the search runs."""
import csv
import io
import os
import subprocess
import time

import pytest
import tiny

PROGRAM = os.environ["SECATEUR_PROGRAM"]


def search(folder, budget):
    return [
        PROGRAM, "search", f"{folder}/model", "--task", "fidelity", "--train", f"{folder}/model/text.txt",
        "--target-latency", "0.9", "--tokens", "16", "--threads", "1", "--recover", "none", "--budget", str(budget),
        "--cache", f"{folder}/cache", "--output", f"{folder}/run"]


def scalars(folder, tag):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    events = EventAccumulator(folder)
    events.Reload()
    return events.Scalars(tag) if tag in events.Tags()["scalars"] else []


@pytest.fixture
def folder(tmp_path):
    tiny.write(tmp_path / "model")
    return tmp_path


def test_a_trace_is_read(folder):
    subprocess.run(search(folder, 60), check=True, capture_output=True)
    subprocess.run([PROGRAM, "trace", folder / "run", "--tensorboard", folder / "logs"], check=True, capture_output=True)
    lines = subprocess.run(
        [PROGRAM, "trace", folder / "run", "--csv"], check=True, capture_output=True, text=True).stdout
    rows = list(csv.DictReader(io.StringIO(lines)))
    found = scalars(f"{folder}/logs/run", "reward/this")
    assert [event.step for event in found] == [int(row["evaluation"]) for row in rows]
    assert all(abs(event.value - float(row["reward"])) < 1e-6 for event, row in zip(found, rows))
    best = [event.value for event in scalars(f"{folder}/logs/run", "reward/best")]
    assert best == sorted(best) and abs(best[-1] - max(float(row["reward"]) for row in rows)) < 1e-6
    times = [event.wall_time for event in found]
    assert times == sorted(times) and abs(times[0] - time.time()) < 3600


def test_a_search_is_followed(folder):
    running = subprocess.Popen(search(folder, 100_000), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not (folder / "run" / "run.json").exists():
        time.sleep(0.05)
    following = subprocess.Popen(
        [PROGRAM, "trace", folder / "run", "--tensorboard", folder / "logs", "--follow"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seen = set()
    while len(seen) < 3:
        assert running.poll() is None and following.poll() is None
        if (folder / "logs" / "run").exists():
            seen.add(len(scalars(f"{folder}/logs/run", "reward/this")))
        time.sleep(0.2)
    for process in [following, running]:
        process.terminate()
        process.wait(60)
