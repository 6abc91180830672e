"""A job worker as people write it: takes jobs over HTTP, keeps them in SQLite, asks a model for the answer.

    worker.py PORT DATABASE MODEL_URL [--attempts N] [--pause SECONDS] [--read-timeout SECONDS]

POST /tasks queues one, GET /tasks/ID tells its state, GET /healthz says whether the store can be read.
The pause doubles after each failed attempt; `--pause 0` makes none.
"""
import argparse
import http.client
import http.server
import json
import queue
import sqlite3
import threading
import time
from urllib.parse import urlsplit

TASKS = queue.Queue()


def log(msg, **more):
    print(json.dumps({"t": round(time.time(), 3), "msg": msg, **more}), flush=True)


class Store:
    def __init__(self, path):
        self.path = path
        self.write("CREATE TABLE task (no INTEGER PRIMARY KEY, state TEXT, percent REAL, pieces INTEGER DEFAULT 0)")

    def write(self, statement, values=()):
        db = sqlite3.connect(self.path, timeout=2)
        with db:
            made = db.execute(statement, values).lastrowid
        db.close()
        return made

    def read(self, statement, values=()):
        db = sqlite3.connect(self.path, timeout=2)
        row = db.execute(statement, values).fetchone()
        db.close()
        return row


def ask(url, task, store, timeout):
    """One request to the model; each piece of the answer is written down as it comes."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=timeout)
    body = json.dumps({"model": "small", "messages": [{"role": "user", "content": "go"}], "stream": True})
    connection.request("POST", "/v1/chat/completions", body, {"Content-Type": "application/json"})
    log("asked the model", task=task, to=f"{place.hostname}:{place.port}")
    answer = connection.getresponse()
    if answer.status != 200:
        raise OSError(f"status {answer.status}")
    pieces = 0
    ended = False
    while piece := answer.read1(65536):
        pieces += 1
        ended = ended or b"[DONE]" in piece
        store.write("UPDATE task SET pieces = ?, percent = ? WHERE no = ?", (pieces, min(95, pieces * 5), task))
        log("got a piece", task=task, pieces=pieces)
    if not ended:
        raise OSError("the answer broke off")


def serve_tasks(store, url, options):
    while True:
        task = TASKS.get()
        store.write("UPDATE task SET state = 'busy' WHERE no = ?", (task,))
        log("took the task", task=task)
        pause = options.pause
        for attempt in range(1, options.attempts + 1):
            try:
                ask(url, task, store, options.read_timeout)
                store.write("UPDATE task SET state = 'ready', percent = 100 WHERE no = ?", (task,))
                log("state", task=task, now="ready")
                break
            except (OSError, http.client.HTTPException) as error:
                log("no luck", task=task, to=urlsplit(url).netloc, attempt=attempt, why=str(error) or type(error).__name__)
                if attempt < options.attempts:
                    time.sleep(pause)
                    pause *= 2
        else:
            store.write("UPDATE task SET state = 'lost' WHERE no = ?", (task,))
            log("state", task=task, now="lost")


class Handler(http.server.BaseHTTPRequestHandler):
    store = None

    def answer(self, status, value):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        task = self.store.write("INSERT INTO task (state, percent) VALUES ('new', 0)")
        log("new task", task=task)
        TASKS.put(task)
        self.answer(202, {"no": task})

    def do_GET(self):
        if self.path == "/healthz":
            self.store.read("SELECT count(*) FROM task")
            return self.answer(200, {"status": "ok"})
        row = self.store.read("SELECT state, percent FROM task WHERE no = ?", (self.path.rsplit("/", 1)[-1],))
        self.answer(200, {"state": row[0], "percent": row[1]}) if row else self.answer(404, {})

    def log_message(self, *_):
        pass


def main():
    options = argparse.ArgumentParser()
    options.add_argument("port", type=int)
    options.add_argument("database")
    options.add_argument("model_url")
    options.add_argument("--attempts", type=int, default=3)
    options.add_argument("--pause", type=float, default=0.1)
    options.add_argument("--read-timeout", type=float, default=None)
    options = options.parse_args()
    store = Handler.store = Store(options.database)
    threading.Thread(target=serve_tasks, args=(store, options.model_url, options), daemon=True).start()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    log("listening", port=options.port)
    server.serve_forever()


if __name__ == "__main__":
    main()
