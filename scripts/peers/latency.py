"""Latency of all rows at one setting, alternating: what slows the machine for a while slows all rows."""
import dataclasses
import itertools
import statistics
import time

from peers import runtimes


@dataclasses.dataclass(frozen=True)
class Setting:
    tokens: int
    batch: int
    threads: int

    def __str__(self):
        plural = "" if self.threads == 1 else "s"
        return f"{self.tokens} tokens, batch {self.batch}, {self.threads} thread{plural}"


@dataclasses.dataclass
class Times:
    """A median in milliseconds for each row and round; rows by name."""

    rounds: dict

    def median(self, name):
        return statistics.median(self.rounds[name])

    def least(self, name):
        return min(self.rounds[name])

    def speedup(self, name, other):
        """How many times as fast as another row: the median over rounds."""
        pairs = zip(self.rounds[name], self.rounds[other])
        return statistics.median(theirs / ours for ours, theirs in pairs)

    def fastest(self, names):
        return min(names, key=self.median)


def measured_ms(encoder, ids, passes):
    times = []
    for _ in range(passes):
        start = time.perf_counter()
        encoder(ids)
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def measure(peers, command, folders, setting, rounds, seconds):
    """Alternates peers and runs of `secateur benchmark`, each of which alternates with the dense model.

    :param folders: pruned folders by the names of their rows
    :param rounds: how many rounds, if they take no more than `seconds`; three at least
    """
    ids = runtimes.random_ids(setting.batch, setting.tokens)
    encoders = {peer.name: peer.encoder(setting.threads, setting.batch, setting.tokens) for peer in peers}
    slowest = 0
    for encoder in encoders.values():
        encoder(ids)
        slowest = max(slowest, measured_ms(encoder, ids, 1))
    # Passes of a row in a round: a fifth of a second's, but not more than a median needs.
    passes = max(1, min(20, int(200 / slowest)))
    times = {name: [] for name in [*encoders, "secateur dense", *folders]}
    # A process of secateur follows each peer, as long as there are any.
    order = [step for pair in itertools.zip_longest(encoders, folders) for step in pair if step]
    end = time.monotonic() + seconds
    for number in range(rounds):
        if number >= 3 and time.monotonic() > end:
            break
        dense = []
        for name in order:
            if name in encoders:
                encoders[name](ids)
                times[name].append(measured_ms(encoders[name], ids, passes))
            else:
                found = command.benchmark(folders[name], setting, passes)
                times[name].append(found["medianMs"])
                dense.append(found["denseMedianMs"])
        times["secateur dense"].append(statistics.median(dense))
    return Times(times)
