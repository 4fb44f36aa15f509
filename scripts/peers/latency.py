"""Latency of all rows at one setting, alternating: what slows the machine for a while slows all rows."""
import dataclasses
import itertools
import os
import statistics
import time

from peers import runtimes

# Processors that other programs may use in a round that is called quiet.
QUIET = 0.15


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
    """A median in milliseconds for each row and round; rows by name.

    Other programs interrupt long passes more than short ones, and alternating does not make up for that. So
    quiet rounds count; where they are fewer than five, the quieter half of all rounds, and three at least.
    """

    rounds: dict
    others: list

    def quietest(self):
        """The same of the rounds that count."""
        order = sorted(range(len(self.others)), key=self.others.__getitem__)
        quiet = sum(share <= QUIET for share in self.others)
        kept = order[:quiet if quiet >= 5 else max(3, len(order) // 2)]
        rounds = {name: [values[index] for index in kept] for name, values in self.rounds.items()}
        return Times(rounds, [self.others[index] for index in kept])

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


class OtherPrograms:
    """Counts the processor time of other programs since it was made, by Linux's /proc/stat; 0 elsewhere."""

    def __init__(self):
        self.start, self.busy, self.own = time.monotonic(), self.busy_seconds(), sum(os.times()[:4])

    def processors(self):
        """How many processors they used, on average."""
        others = (self.busy_seconds() - self.busy) - (sum(os.times()[:4]) - self.own)
        return max(0, others / (time.monotonic() - self.start))

    @staticmethod
    def busy_seconds():
        try:
            with open("/proc/stat") as file:
                user, nice, system, _, _, interrupt, soft, stolen = map(int, file.readline().split()[1:9])
        except OSError:
            return 0
        return (user + nice + system + interrupt + soft + stolen) / os.sysconf("SC_CLK_TCK")


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
    :param rounds: how many quiet rounds, if they come within `seconds`; three of any at least
    """
    ids = runtimes.random_ids(setting.batch, setting.tokens)
    encoders = {peer.name: peer.encoder(setting.threads, setting.batch, setting.tokens) for peer in peers}
    slowest = 0
    for encoder in encoders.values():
        encoder(ids)
        slowest = max(slowest, measured_ms(encoder, ids, 1))
    # Passes of a row in a round: a fifth of a second's, but not more than a median needs.
    passes = max(1, min(20, int(200 / slowest)))
    times = {name: [] for name in [*encoders, "Secateur dense", *folders]}
    # A process of secateur follows each peer, as long as there are any.
    order = [step for pair in itertools.zip_longest(encoders, folders) for step in pair if step]
    end, others = time.monotonic() + seconds, []
    while sum(share <= QUIET for share in others) < rounds and (len(others) < 3 or time.monotonic() < end):
        dense, counted = [], OtherPrograms()
        for name in order:
            if name in encoders:
                encoders[name](ids)
                times[name].append(measured_ms(encoders[name], ids, passes))
            else:
                found = command.benchmark(folders[name], setting, passes)
                times[name].append(found["medianMs"])
                dense.append(found["denseMedianMs"])
        times["Secateur dense"].append(statistics.median(dense))
        others.append(counted.processors())
    return Times(times, others).quietest()
