"""One worker process of the races: told a database and payloads, it sends them all at the same moment.

It reads a line of JSON ``{"url", "bodies"}``, says "ready", waits for a line, sends, and writes the answers as JSON.
"""

import json
import os
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from app import create_app
from tracker.settings import Settings
from tracker.web.services import services

# The log goes to standard output; the answers keep it to themselves.
answers = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)

for line in sys.stdin:
    told = json.loads(line)
    folder = Path(tempfile.gettempdir())
    app = create_app(
        Settings(
            data_dir=folder,
            database_url=told["url"],
            public_url="https://collect.example",
            secret_keys=("a key that only tests sign with",),
        )
    )
    start = threading.Barrier(len(told["bodies"]) + 1)

    def send(body: object, app=app, start=start) -> list[object]:
        client = app.test_client()
        start.wait()
        answer = client.post("/track", json=body)
        return [answer.status_code, answer.get_json()]

    with ThreadPoolExecutor(len(told["bodies"])) as pool:
        sent = [pool.submit(send, body) for body in told["bodies"]]
        answers.write("ready\n")
        sys.stdin.readline()
        start.wait()
        answers.write(json.dumps([future.result() for future in sent]) + "\n")
    with app.app_context():
        services().engine.dispose()
