"""Asks an encoder's server for a long time at a part of what it bears, and then for several times that.

Each minute is told: answers, refusals, requests without an answer, times, and the server's memory. It ends with an
error where a request got no answer or one of no sense, where memory grew by more than 5 % after the first tenth of the
time, or where the 99th percentile of what was answered is over the limit.
"""
import argparse
import os
import statistics
import sys

from serving_load import Service, highest_rate, processor

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def phase(service, options, name, rate, minutes):
    """A row for each minute, printed as it comes."""
    rows = []
    for minute in range(minutes):
        row = service.measure(
            "--texts", options.texts, "--rates", str(rate), "--seconds", "60", "--connections", "512", "--seed",
            str(minute + 1))[0]
        rows.append(row)
        print(
            f"{name} {minute + 1:3} of {minutes} | {row['offered']:8.0f} | {row['answered']:8.0f} "
            f"| {row['refused']:7} | {row['failed']:6} | {float(row['p50Ms']):6.1f} | {float(row['p99Ms']):6.1f} "
            f"| {row['residentMB']:7.1f}", flush=True)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="an encoder's folder, or a run's")
    parser.add_argument("--texts", default="data/fortunes.txt", help="a text for each request, a line each")
    parser.add_argument("--limit", type=float, default=50, help="of the 99th percentile, in milliseconds")
    parser.add_argument("--part", type=float, default=0.9, help="of what the server bears")
    parser.add_argument("--minutes", type=int, default=30)
    parser.add_argument("--overload", type=float, default=3, help="times what the server bears")
    parser.add_argument("--overload-minutes", type=int, default=5)
    parser.add_argument("--precision", default="int8", help="of a model that is not pruned")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--server", default=f"{ROOT}/.build/release/secateur-server")
    parser.add_argument("--benchmarks", default=f"{ROOT}/.build/release/Benchmarks")
    options = parser.parse_args()

    def server(*more):
        command = [
            options.server, "serve", f"model={options.model}", "--port", "8791", "--threads", str(options.threads),
            "--precision", options.precision, *more]
        return Service("Secateur", command, "model", 8791, options.benchmarks)
    print(f"{processor()}, {options.threads} threads")
    with server() as service:
        capacity = statistics.median(
            highest_rate(service, options.texts, 100, 10, options.limit)[0] for _ in range(3))
    # No more are let in than are answered within the limit.
    places = max(1, int(capacity * options.limit / 1e3))
    print(f"bears {capacity:.0f} requests/s with a 99th percentile of {options.limit:.0f} ms; lets in {places} at a time")
    print("| minute | offered/s | answered/s | refused | failed | p50 ms | p99 ms | memory MB")
    with server("--max-concurrent-requests", str(places)) as service:
        calm = phase(service, options, "steady  ", options.part * capacity, options.minutes)
        busy = phase(service, options, "overload", options.overload * capacity, options.overload_minutes)
        after = phase(service, options, "after   ", options.part * capacity, 1)
    rows = calm + busy + after
    warm = calm[options.minutes // 10]["residentMB"]
    growth = max(row["residentMB"] for row in calm[options.minutes // 10:]) / warm - 1
    slowest = {name: max(float(row["p99Ms"]) for row in part) for name, part in (("steady", calm), ("overload", busy))}
    failed = sum(row["failed"] for row in rows)
    print(
        f"memory grew by {100 * growth:.1f} % after warm-up, {100 * (after[0]['residentMB'] / warm - 1):.1f} % with the "
        f"overload; the slowest minute's 99th percentile: {slowest['steady']:.1f} ms, in overload "
        f"{slowest['overload']:.1f} ms; {failed} requests without a right answer")
    misses = [
        text for text, is_missed in [
            ("memory", growth > 0.05), ("answers", failed > 0), ("steady times", slowest["steady"] > options.limit),
            ("times in overload", slowest["overload"] > options.limit),
        ] if is_missed]
    sys.exit(f"missed: {', '.join(misses)}" if misses else 0)


if __name__ == "__main__":
    main()
