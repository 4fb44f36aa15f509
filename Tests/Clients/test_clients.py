"""Clients that people have, unchanged, against the server that runs."""
import json
import os
import re
import subprocess
import time

import numpy as np
import pytest

MODEL = os.environ["SECATEUR_MODEL"]
LANGUAGE_MODEL = os.environ["SECATEUR_LANGUAGE_MODEL"]
PROGRAM = os.environ["SECATEUR_PROGRAM"]
TEXTS = ["A cat sits on the mat.", "Stocks fell on Monday.", "naïve café \N{GRINNING FACE}", "A kitten is on the rug."]
QUESTION = [{"role": "user", "content": "What is a tree? Answer in one sentence."}]


def serve(*arguments):
    """A server, and its address once it answers."""
    process = subprocess.Popen(
        [PROGRAM, "serve", *arguments, "--port", "0"], stderr=subprocess.PIPE, text=True,
        env={**os.environ, "SECATEUR_API_KEY": "secret"})
    for line in process.stderr:
        if match := re.search(r"served at (http://\S+)", line):
            return process, match.group(1)
    raise RuntimeError(f"the server ended with status {process.wait()}")


@pytest.fixture(scope="module")
def address():
    process, address = serve(f"minilm={MODEL}")
    yield address
    process.terminate()
    assert process.wait(60) == 0


@pytest.fixture(scope="module")
def chat_address():
    process, address = serve(f"chat={LANGUAGE_MODEL}", "--precision", "int8")
    yield address
    process.terminate()
    assert process.wait(60) == 0


@pytest.fixture(scope="module")
def expected():
    """What the command makes of the texts."""
    lines = subprocess.run(
        [PROGRAM, "embed", MODEL], input="\n".join(TEXTS) + "\n", capture_output=True, text=True, check=True)
    return np.array([json.loads(line) for line in lines.stdout.splitlines()], dtype=np.float32)


def openai(address):
    from openai import OpenAI
    return OpenAI(base_url=f"{address}/v1", api_key="secret")


def test_openai_embeddings(address, expected):
    for form in ["float", "base64"]:
        answer = openai(address).embeddings.create(model="minilm", input=TEXTS, encoding_format=form)
        found = [entry.embedding for entry in answer.data]
        if form == "base64":
            import base64
            found = [np.frombuffer(base64.b64decode(entry), dtype=np.float32) for entry in found]
        assert np.array_equal(np.array(found, dtype=np.float32), expected)
    # The client's own default, which it decodes itself.
    answer = openai(address).embeddings.create(model="minilm", input=TEXTS[0], dimensions=64)
    assert len(answer.data[0].embedding) == 64 and answer.usage.prompt_tokens == 9
    assert [model.id for model in openai(address).models.list()] == ["minilm"]


def test_openai_errors(address):
    import openai as library
    with pytest.raises(library.NotFoundError, match="'nobody'"):
        openai(address).embeddings.create(model="nobody", input="a")
    with pytest.raises(library.BadRequestError, match="dimensions"):
        openai(address).embeddings.create(model="minilm", input="a", dimensions=1000)
    with pytest.raises(library.AuthenticationError):
        library.OpenAI(base_url=f"{address}/v1", api_key="wrong").models.list()


def test_openai_chat(chat_address):
    client = openai(chat_address)
    settings = {"model": "chat", "messages": QUESTION, "max_tokens": 24, "temperature": 0}
    answer = client.chat.completions.create(**settings, logprobs=True, top_logprobs=2)
    text = answer.choices[0].message.content
    assert "tree" in text.lower() and answer.usage.completion_tokens == len(answer.choices[0].logprobs.content)
    parts = list(client.chat.completions.create(**settings, stream=True, stream_options={"include_usage": True}))
    assert "".join(part.choices[0].delta.content or "" for part in parts if part.choices) == text
    assert parts[-1].usage == answer.usage
    generated = subprocess.run(
        [PROGRAM, "generate", LANGUAGE_MODEL, "--prompt", QUESTION[0]["content"], "--chat", "--max-tokens", "24",
         "--weights", "8bit"], capture_output=True, text=True, check=True)
    assert generated.stdout.strip() == text.strip()
    stopped = client.chat.completions.create(**settings, stop=["tree"])
    assert stopped.choices[0].finish_reason == "stop" and "tree" not in stopped.choices[0].message.content
    done = client.completions.create(model="chat", prompt="The capital of France is", max_tokens=4, temperature=0)
    assert "Paris" in done.choices[0].text


def test_langchain(address, chat_address, expected):
    from langchain_openai import ChatOpenAI, OpenAIEmbeddings
    # Its own tokens are those of OpenAI's models; it says to switch them off for other servers.
    embeddings = OpenAIEmbeddings(
        base_url=f"{address}/v1", api_key="secret", model="minilm", check_embedding_ctx_length=False)
    assert np.array_equal(np.array(embeddings.embed_documents(TEXTS), dtype=np.float32), expected)
    assert np.array_equal(np.array(embeddings.embed_query(TEXTS[1]), dtype=np.float32), expected[1])
    chat = ChatOpenAI(
        base_url=f"{chat_address}/v1", api_key="secret", model="chat", temperature=0, max_tokens=24)
    text = chat.invoke(QUESTION[0]["content"]).content
    assert "tree" in text.lower()
    assert "".join(part.content for part in chat.stream(QUESTION[0]["content"])) == text


def test_llama_index(address, expected):
    from llama_index.embeddings.openai_like import OpenAILikeEmbedding
    embedding = OpenAILikeEmbedding(model_name="minilm", api_base=f"{address}/v1", api_key="secret")
    assert np.array_equal(np.array(embedding.get_text_embedding_batch(TEXTS), dtype=np.float32), expected)
    assert np.array_equal(np.array(embedding.get_query_embedding(TEXTS[3]), dtype=np.float32), expected[3])


def test_hugging_face(address, expected):
    from huggingface_hub import InferenceClient
    client = InferenceClient(model=address, token="secret")
    assert np.array_equal(np.array(client.feature_extraction(TEXTS[0])).reshape(-1), expected[0])
    assert np.array_equal(np.array(client.feature_extraction(TEXTS)), expected)
    similar = client.sentence_similarity(TEXTS[0], other_sentences=TEXTS[1:])
    assert np.allclose(similar, expected[1:] @ expected[0], atol=1e-6)


def test_curl(address, expected):
    def curl(path, body):
        done = subprocess.run(
            ["curl", "-sS", "--fail", f"{address}{path}", "-H", "Authorization: Bearer secret", "-d", json.dumps(body)],
            capture_output=True, text=True, check=True)
        return json.loads(done.stdout)
    assert np.array_equal(np.array(curl("/embed", {"inputs": TEXTS}), dtype=np.float32), expected)
    assert len(curl("/tokenize", {"inputs": TEXTS[0]})[0]) == 9


def test_many_chats_at_once(chat_address):
    """Four conversations get together what each gets alone."""
    from concurrent.futures import ThreadPoolExecutor
    client = openai(chat_address)
    def ask(word):
        return client.chat.completions.create(
            model="chat", messages=[{"role": "user", "content": f"Say something about {word}."}], max_tokens=24,
            temperature=0).choices[0].message.content
    words = ["trees", "cats", "rain", "Paris"]
    alone = [ask(word) for word in words]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, words)) == alone
