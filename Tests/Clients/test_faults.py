"""Requests that are damaged, of other types, too large, no HTTP, or broken off: none ends the server, each gets its status.

SECATEUR_FAULTS sets how many; 10,000 take ten seconds.
"""
import collections
import json
import os
import random
import re
import socket
import subprocess
import threading
import urllib.request

MODEL = os.environ["SECATEUR_MODEL"]
PROGRAM = os.environ["SECATEUR_PROGRAM"]
COUNT, CLIENTS = int(os.environ.get("SECATEUR_FAULTS", "2000")), 8
PATHS = [
    "/embed", "/embed_all", "/predict", "/rerank", "/similarity", "/tokenize", "/decode", "/v1/embeddings",
    "/v1/chat/completions", "/v1/completions", "/nowhere", "/"]
GOOD = [
    b'{"inputs": "a cat"}', b'{"input": "a cat"}', b'{"messages": [{"role": "user", "content": "a"}]}',
    b'{"prompt": "a", "stream": true}', b'{"query": "a", "texts": ["b"]}', b'{"ids": [1, 2]}']
VALUES = [None, 5, [], {}, [[]], [1.5], ["a", 2], True, "\ud800"]


def damaged(choice):
    """A good body with some bytes changed, gone, put in, or cut off."""
    body = bytearray(choice.choice(GOOD))
    for _ in range(choice.randint(1, 5)):
        place, kind = choice.randint(0, len(body)), choice.randint(0, 3)
        if kind == 0 and place < len(body):
            body[place] = choice.randrange(256)
        elif kind == 1 and place < len(body):
            del body[place]
        elif kind == 2:
            body.insert(place, choice.randrange(256))
        else:
            del body[place:]
    return bytes(body)


def body(choice):
    kind = choice.randint(0, 7)
    if kind < 5:
        return damaged(choice)
    if kind == 5:
        name = choice.choice(["inputs", "input", "prompt", "messages", "texts"])
        return json.dumps({name: choice.choice([*VALUES, "x" * choice.randint(1, 100_000)])}).encode()
    return b"[" * choice.randint(1, 20_000) if kind == 6 else b"x" * 2_000_001


def ask(port, choice):
    """The status of one request; None where it was broken off, or the server closed the connection."""
    sent = body(choice)
    head = (
        f"{choice.choice(['POST', 'POST', 'POST', 'GET', 'PUT', 'BREW'])} {choice.choice(PATHS)} HTTP/1.1\r\n"
        f"Host: x\r\nContent-Length: {len(sent)}\r\n\r\n").encode()
    request = choice.choice([head + sent] * 9 + [bytes(choice.randrange(256) for _ in range(100)) + b"\r\n\r\n"])
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        try:
            if choice.random() < 0.05:
                connection.sendall(request[: choice.randint(0, len(request))])
                return None
            connection.sendall(request)
        except OSError:
            pass  # it was refused before it was sent to its end
        try:
            answer = connection.recv(65_536)
        except ConnectionResetError:
            return None
    return int(answer.split()[1]) if answer else None


def test_no_request_ends_the_server():
    process = subprocess.Popen(
        [PROGRAM, "serve", MODEL, "--port", "0", "--read-timeout", "5"], stderr=subprocess.PIPE, text=True)
    address = re.search(r"http://127.0.0.1:(\d+)", process.stderr.readline())
    port, statuses = int(address.group(1)), collections.Counter()

    def work(seed):
        choice = random.Random(seed)
        found = collections.Counter(ask(port, choice) for _ in range(COUNT // CLIENTS))
        statuses.update(found)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(statuses.values()) == COUNT and process.poll() is None
    assert set(statuses) <= {None, 200, 400, 404, 408, 413, 422, 424}, statuses
    assert statuses[400] > COUNT / 4 and statuses[413] and statuses[None] < COUNT / 5, statuses
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        assert "secateur_requests_in_flight 1\n" in answer.read().decode()
    process.terminate()
    assert process.wait(60) == 0
    assert process.stderr.read() == ""
