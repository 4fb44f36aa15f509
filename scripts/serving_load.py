"""Servers that are started to be measured, and the rates that they bear, by `Benchmarks serving`."""
import json
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request


class Service:
    """A server that is started for its measurement, and ended after it."""

    def __init__(self, name, command, model, port, benchmarks):
        self.name, self.command, self.model, self.port, self.benchmarks = name, command, model, port, benchmarks

    def __enter__(self):
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(self.command, stdout=self.log, stderr=self.log)
        for _ in range(600):
            if self.process.poll() is not None:
                self.log.seek(0)
                sys.exit(f"{self.name} ended with {self.process.returncode}: {self.log.read()[-2000:]}")
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/v1/models", timeout=5)
                return self
            except urllib.error.HTTPError:
                return self
            except OSError:
                time.sleep(0.1)
        sys.exit(f"{self.name} does not answer")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(60)

    def measure(self, *options):
        """The rows that `Benchmarks serving` prints of the server."""
        command = [
            self.benchmarks, "serving", f"http://127.0.0.1:{self.port}", "--model", self.model, "--pid",
            str(self.process.pid), "--json", *options]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]


def highest_rate(service, texts, start, seconds, limit):
    """Requests per second with the 99th percentile within a limit in milliseconds and none refused, and the row of them.

    The rate rises by a half until the limit is missed, then the middle is tried three times.
    """
    def row(rate):
        found = service.measure("--texts", texts, "--rates", str(rate), "--seconds", str(seconds))[0]
        is_met = float(found["p99Ms"]) <= limit and not found["refused"] and not found["failed"]
        return is_met, found
    low, high, best = 0, start, None
    while True:
        is_met, found = row(high)
        if not is_met:
            break
        low, best, high = high, found, high * 1.5
    for _ in range(3):
        middle = (low + high) / 2
        is_met, found = row(middle)
        low, high, best = (middle, high, found) if is_met else (low, middle, best)
    return low, best


def processor():
    """The processor's name."""
    with open("/proc/cpuinfo") as file:
        return next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
