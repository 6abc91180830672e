"""A pipeline of two stages, as small services are written: a store in SQLite, workers, and whoever
finishes a run when all of its parts are done.

    pipeline.py DATABASE [--parts N] [--look-at state|result]

FINISHER=off leaves the finishing to another process. It logs JSON lines in words of its own; what
they mean is said by the scenario that runs it.
"""
import argparse
import json
import os
import sqlite3
import sys
import threading
import time

FINAL = ("erledigt", "gescheitert")


def say(what, **more):
    print(json.dumps({"ts": round(time.time(), 3), "was": what, **more}), flush=True)


class Store:
    def __init__(self, path):
        self.path = path
        with self.open() as db:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("CREATE TABLE lauf (nr TEXT PRIMARY KEY, teil_von TEXT, zustand TEXT, ergebnis TEXT)")

    def open(self):
        return sqlite3.connect(self.path, timeout=2)

    def write(self, statement, *values):
        db = self.open()
        with db:
            db.execute(statement, values)
        db.close()

    def read(self, statement, *values):
        db = self.open()
        rows = db.execute(statement, values).fetchall()
        db.close()
        return rows


def work(store, part, seconds):
    store.write("UPDATE lauf SET zustand = 'läuft' WHERE nr = ?", part)
    say("angefangen", lauf=part, gehoert_zu="1")
    for step in range(3):
        time.sleep(seconds / 3)
        say("schritt", lauf=part, gehoert_zu="1", nr=step)
    # What was asked for has gone wrong here: an end all the same, and the whole has to live with it.
    state = "gescheitert" if part == "1.2" else "erledigt"
    store.write("UPDATE lauf SET zustand = ?, ergebnis = ? WHERE nr = ?", state, None if part == "1.2" else "ok", part)
    say("zustand", lauf=part, gehoert_zu="1", neu=state)


def finish(store, look_at, interval):
    """Looks until every part has ended, and then ends the whole."""
    parts = store.read("SELECT count(*) FROM lauf WHERE teil_von = '1'")[0][0]
    while True:
        if look_at == "state":
            done = store.read(f"SELECT count(*) FROM lauf WHERE teil_von = '1' AND zustand IN {FINAL}")[0][0]
        else:
            # A failed part never gets a result: this count can stay short for ever.
            done = store.read("SELECT count(*) FROM lauf WHERE teil_von = '1' AND ergebnis IS NOT NULL")[0][0]
        say("nachgesehen", fertig=done, von=parts)
        if done == parts:
            break
        time.sleep(interval)
    store.write("UPDATE lauf SET zustand = 'erledigt' WHERE nr = '1'")
    say("zustand", lauf="1", neu="erledigt")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("database")
    options.add_argument("--parts", type=int, default=3)
    options.add_argument("--look-at", choices=["state", "result"], default="state")
    options = options.parse_args()
    store = Store(options.database)
    store.write("INSERT INTO lauf VALUES ('1', NULL, 'läuft', NULL)")
    for number in range(options.parts):
        store.write("INSERT INTO lauf VALUES (?, '1', 'wartet', NULL)", f"1.{number + 1}")
    say("bereit")
    say("angefangen", lauf="1")
    workers = [threading.Thread(target=work, args=(store, f"1.{n + 1}", 0.3 + 0.1 * n)) for n in range(options.parts)]
    finisher = threading.Thread(target=finish, args=(store, options.look_at, 0.1), name="finisher")
    for thread in workers:
        thread.start()
    if os.environ.get("FINISHER", "on") != "off":
        finisher.start()
    for thread in workers:
        thread.join()
    while store.read("SELECT zustand FROM lauf WHERE nr = '1'")[0][0] not in FINAL:
        time.sleep(0.2)
    say("ende")
    # The last lines are to be fetched before it goes.
    time.sleep(0.5)
    sys.exit(0)


if __name__ == "__main__":
    main()
