"""Compares Secateur's server with services that people put up around onnxruntime, OpenVINO and llama.cpp, one after the
other in each round, by `Benchmarks serving`.

Embeddings: the highest rate of requests, with random arrivals, at which the 99th percentile of times to the answer is
within a limit and none is refused. Conversations: tokens per second of some that each ask again at once. Ratios are of
medians over the rounds; the load comes from the same processors as the answers.
"""
import argparse
import os
import statistics
import sys

from serving_load import Service, highest_rate, processor

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="our encoder's folder; and --peers, where bench-peers.py left the peers' models")
    parser.add_argument("--source", default="models/minilm", help="the folder that the peers' tokenizer is from")
    parser.add_argument("--peers", help="folder with fp32.onnx, dynamic-int8.onnx and nncf-int8.xml")
    parser.add_argument("--texts", default="data/fortunes.txt", help="a text for each request, a line each")
    parser.add_argument("--limit", type=float, default=50, help="of the 99th percentile, in milliseconds")
    parser.add_argument("--start", type=float, default=100, help="requests per second to begin with")
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--gguf", help="a language model's file; the peer's, --peer-gguf, may be stored in another type")
    parser.add_argument("--peer-gguf", nargs="+", default=[])
    parser.add_argument("--precision", default="int8", help="of the language model")
    parser.add_argument("--concurrent", type=int, default=4, help="conversations at a time")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--server", default=f"{ROOT}/.build/release/secateur-server")
    parser.add_argument("--benchmarks", default=f"{ROOT}/.build/release/Benchmarks")
    options = parser.parse_args()
    threads, port = options.threads, 8790
    print(f"{processor()}, {threads} threads")
    if options.model:
        def ours(path):
            return [options.server, "serve", f"model={path}", "--port", str(port), "--threads", str(threads)]
        services = [Service("Secateur", ours(options.model), "model", port, options.benchmarks)]
        for peer in ["onnxruntime int8", "OpenVINO int8"]:
            command = [
                sys.executable, f"{ROOT}/scripts/peers/embedding_service.py", "--model", options.source, "--work",
                options.peers, "--peer", peer, "--workers", str(threads), "--threads", "1", "--port", str(port)]
            services.append(Service(f"{peer}, FastAPI", command, "model", port, options.benchmarks))
        rates, rows = {service.name: [] for service in services}, {}
        for _ in range(options.rounds):
            for service in services:
                with service:
                    rate, rows[service.name] = highest_rate(
                        service, options.texts, options.start, options.seconds, options.limit)
                    rates[service.name].append(rate)
                    print(f"  {service.name}: {rate:.0f}/s", file=sys.stderr, flush=True)
        medians = {name: statistics.median(values) for name, values in rates.items()}
        print(f"\n| embeddings | requests/s at p99 of at most {options.limit:.0f} ms | ours / its | p50 ms | memory MB |")
        print("|---|---|---|---|---|")
        for name, median in medians.items():
            row = rows[name] or {}
            print(f"| {name} | {median:.0f} | {medians['Secateur'] / max(median, 1e-9):.2f} "
                  f"| {row.get('p50Ms', float('nan')):.1f} | {row.get('residentMB', float('nan')):.0f} |")
    if options.gguf:
        services = [Service(
            f"Secateur {options.precision}", [
                options.server, "serve", f"model={options.gguf}", "--port", str(port), "--threads", str(threads),
                "--precision", options.precision, "--max-texts", str(options.concurrent)], "model", port, options.benchmarks)]
        for path in options.peer_gguf:
            command = [
                sys.executable, "-m", "llama_cpp.server", "--model", path, "--n_threads", str(threads),
                "--n_threads_batch", str(threads), "--n_ctx", "2048", "--port", str(port)]
            services.append(Service(f"llama-cpp-python {os.path.basename(path)}", command, path, port, options.benchmarks))
        speeds, rows = {service.name: [] for service in services}, {}
        for _ in range(options.rounds):
            for service in services:
                with service:
                    row = service.measure(
                        "--texts", options.texts, "--chat", "--concurrent",
                        str(options.concurrent), "--max-tokens", "64", "--seconds", "20")[0]
                    rows[service.name] = row
                    speeds[service.name].append(row["tokensPerSecond"])
                    print(f"  {service.name}: {row['tokensPerSecond']:.1f} tokens/s", file=sys.stderr, flush=True)
        medians = {name: statistics.median(values) for name, values in speeds.items()}
        own = next(iter(medians.values()))
        print(f"\n| {options.concurrent} conversations at a time | tokens/s | ours / its | p99 s | memory MB |")
        print("|---|---|---|---|---|")
        for name, median in medians.items():
            print(f"| {name} | {median:.1f} | {own / max(median, 1e-9):.2f} | {rows[name]['p99Ms'] / 1e3:.1f} "
                  f"| {rows[name]['residentMB']:.0f} |")


if __name__ == "__main__":
    main()
