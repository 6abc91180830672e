"""A scheduler that fetches pages for a report, again and again, and logs plain text.

    schedule.py http://HOST:PORT [--every SECONDS] [--overlap] [--runs N]

Without --overlap a run that is due while the former one is still under way is left out.
"""
import argparse
import http.client
import itertools
import json
import logging
import threading
import time
from urllib.parse import urlsplit

logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)


def ask(url, seconds):
    """One request; the body in pieces, as they come."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=seconds)
    body = json.dumps({"model": "pages", "messages": [{"role": "user", "content": "next page"}], "stream": True})
    connection.request("POST", "/v1/chat/completions", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    while piece := answer.read1(4096):
        yield piece
    connection.close()


def run(number, url, seconds):
    logging.info("run %d: begins", number)
    try:
        for _ in ask(url, seconds):
            logging.info("run %d: fetched a page", number)
        logging.info("run %d: complete", number)
    except OSError as error:
        logging.error("run %d: given up: %s", number, error)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("url")
    options.add_argument("--every", type=float, default=0.4)
    options.add_argument("--overlap", action="store_true")
    options.add_argument("--runs", type=int, default=4)
    options.add_argument("--timeout", type=float, default=None)
    options = options.parse_args()
    logging.info("schedule begins")
    under_way = []
    for number in itertools.count(1):
        if number > options.runs:
            break
        under_way = [thread for thread in under_way if thread.is_alive()]
        if under_way and not options.overlap:
            logging.info("slot %d left out, a run is still under way", number)
        else:
            thread = threading.Thread(target=run, args=(number, options.url, options.timeout), name=f"run-{number}")
            thread.start()
            under_way.append(thread)
        time.sleep(options.every)
    for thread in under_way:
        thread.join()


if __name__ == "__main__":
    main()
