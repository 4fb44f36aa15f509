"""What a person would put up around onnxruntime or OpenVINO: OpenAI's embeddings by FastAPI, requests gathered in batches.

Each of some workers takes what waits, up to a number of texts, and runs texts of one length together, so that nothing is
padded.
"""
import argparse
import asyncio
import base64
import collections
import sys
import threading

import numpy as np
import uvicorn
from fastapi import FastAPI
from fastapi.responses import ORJSONResponse
from pydantic import BaseModel
from tokenizers import Tokenizer

sys.path.insert(0, __file__.rsplit("/", 2)[0])
from peers import runtimes  # noqa: E402


class Request(BaseModel):
    input: str | list[str]
    model: str | None = None
    encoding_format: str = "float"


class Batcher:
    """Workers that embed what waits."""

    def __init__(self, encoders, tokenizer, most):
        self.tokenizer, self.most = tokenizer, most
        self.waiting, self.condition = collections.deque(), threading.Condition()
        for encoder in encoders:
            threading.Thread(target=self.work, args=(encoder,), daemon=True).start()

    async def embed(self, texts):
        loop = asyncio.get_running_loop()
        futures = [loop.create_future() for _ in texts]
        with self.condition:
            self.waiting.extend((loop, future, text) for future, text in zip(futures, texts))
            self.condition.notify()
        return await asyncio.gather(*futures)

    def work(self, encoder):
        while True:
            with self.condition:
                while not self.waiting:
                    self.condition.wait()
                taken = [self.waiting.popleft() for _ in range(min(self.most, len(self.waiting)))]
            encodings = self.tokenizer.encode_batch([text for _, _, text in taken])
            groups = collections.defaultdict(list)
            for entry, encoding in zip(taken, encodings):
                groups[len(encoding.ids)].append((entry, encoding.ids))
            for group in groups.values():
                states = encoder(np.array([ids for _, ids in group], dtype=np.int64))
                vectors = states.mean(axis=1)
                vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
                for ((loop, future, _), ids), vector in zip(group, vectors):
                    loop.call_soon_threadsafe(future.set_result, (vector, len(ids)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="the folder that the tokenizer is from")
    parser.add_argument("--work", required=True, help="the folder of the peers' models, as bench-peers.py leaves it")
    parser.add_argument("--peer", default="onnxruntime int8")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1, help="of each worker")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    files = {
        "onnxruntime fp32": runtimes.Peer("", "onnxruntime", f"{options.work}/fp32.onnx"),
        "onnxruntime int8": runtimes.Peer("", "onnxruntime", f"{options.work}/dynamic-int8.onnx"),
        "OpenVINO bf16": runtimes.Peer("", "openvino", f"{options.work}/fp32.onnx", "bf16"),
        "OpenVINO int8": runtimes.Peer("", "openvino", f"{options.work}/nncf-int8.xml"),
    }
    tokenizer = Tokenizer.from_file(f"{options.model}/tokenizer.json")
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    peer = files[options.peer]
    batcher = Batcher([peer.encoder(options.threads) for _ in range(options.workers)], tokenizer, options.batch)
    app = FastAPI()

    @app.post("/v1/embeddings", response_class=ORJSONResponse)
    async def embeddings(request: Request):
        texts = [request.input] if isinstance(request.input, str) else request.input
        found = await batcher.embed(texts)
        def form(vector):
            return vector if request.encoding_format == "float" else base64.b64encode(vector.tobytes()).decode()
        count = sum(tokens for _, tokens in found)
        return ORJSONResponse({
            "object": "list", "model": request.model,
            "data": [{"object": "embedding", "index": i, "embedding": form(vector)} for i, (vector, _) in enumerate(found)],
            "usage": {"prompt_tokens": count, "total_tokens": count}})

    uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="warning")


if __name__ == "__main__":
    main()
