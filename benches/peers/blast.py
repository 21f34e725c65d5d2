"""Measures what one client's large replies do to the others; `python3 benches/peers/blast.py`.

Twenty clients GET small keys, first alone, then while one more client asks for HGETALL of a hash of a million fields
again and again. The keys lie on other shards than the hash, where a server has shards. Printed are the percentiles of
the GETs in both phases, for each server in turn. The clients are threads of this process and of one more for the
HGETALL, so the figures hold their own cost too; it is the same for all servers.

Environment:
  PEERS    "name=/path/to/server ..." beside the installed redis-server
  NYALA    Nyala's binary (default target/release/nyala)
  FIELDS   fields of the hash (default 1000000)
  SECONDS  length of each phase (default 10)
  RATE     GETs a second of each of the twenty clients (default 100)
  QUICK=1  a short check that everything works
"""

import itertools
import multiprocessing
import os
import selectors
import sys
import time

from servers import Server, binaries, read_reply, request

QUICK = bool(os.environ.get("QUICK"))
FIELDS = int(os.environ.get("FIELDS", 20_000 if QUICK else 1_000_000))
SECONDS = float(os.environ.get("SECONDS", 1 if QUICK else 10))
RATE = float(os.environ.get("RATE", 100))
CLIENTS = 20
KEYS = 1000
LIMIT = 3.0


def loop_hgetall(server, rounds, stop):
    """Asks for the whole hash again and again, and counts how often."""
    # Fields and values are of one length each, so the reply's is known.
    pair = len(b"$13\r\nfield:0000000\r\n$13\r\nvalue:0000000\r\n")
    length = len(b"*%d\r\n" % (2 * FIELDS)) + pair * FIELDS
    # Read into one place and only counted: the processors are there for the servers.
    room = memoryview(bytearray(256 << 10))
    with server.connect() as link:
        while not stop.is_set():
            link.sendall(request([b"HGETALL", b"large"]))
            left = length
            while left > 0:
                left -= link.recv_into(room[: min(left, len(room))])
            rounds.value += 1


def set_other_keys(server):
    """Sets keys, of which those that do not share the hash's shard are named: all where the server knows no shards."""
    names = []
    with server.connect() as link, link.makefile("rb") as replies:

        def call(*words):
            link.sendall(request(words))
            return read_reply(replies)

        def shards():
            rows = call(b"SHARDS")
            # The last row is the sum.
            return None if isinstance(rows, ValueError) else [dict(zip(row[::2], row[1::2])) for row in rows[:-1]]

        rows = shards()
        crowded = rows and max(range(len(rows)), key=lambda at: rows[at][b"bytes"])
        for number in itertools.count():
            if len(names) == KEYS:
                return names
            name = b"key:%d" % number
            call(b"SET", name, b"x" * 32)
            if rows:
                before, rows = rows, shards()
            if not rows or rows[crowded][b"keys"] == before[crowded][b"keys"]:
                names.append(name)


def ask(server, names, seconds):
    """Latencies of the clients' GETs in milliseconds. Each is due at a fixed time: what waits behind a late one counts."""
    links = [server.connect() for _ in range(CLIENTS)]
    watched = selectors.DefaultSelector()
    begin = time.perf_counter()
    # Time at which each client's next request is due, or at which the one under way was.
    due = [begin + at / CLIENTS / RATE for at in range(CLIENTS)]
    busy = [False] * CLIENTS
    count, taken = 0, []
    for at, link in enumerate(links):
        link.setblocking(False)
        watched.register(link, selectors.EVENT_READ, at)
    while (now := time.perf_counter()) < begin + seconds:
        for at in range(CLIENTS):
            if not busy[at] and due[at] <= now:
                links[at].sendall(request([b"GET", names[count % len(names)]]))
                busy[at] = True
                count += 1
        wake = min((due[at] for at in range(CLIENTS) if not busy[at]), default=now + 0.05)
        for key, _ in watched.select(max(0.0, wake - time.perf_counter())):
            links[key.data].recv(4096)
            taken.append((time.perf_counter() - due[key.data]) * 1000)
            busy[key.data] = False
            due[key.data] += 1 / RATE
    for link in links:
        link.close()
    return sorted(taken)


def percentiles(taken):
    """p50, p99, p99.9 and the longest."""
    return [taken[min(len(taken) - 1, int(len(taken) * share))] for share in (0.5, 0.99, 0.999, 1)]


def measure(name, binary):
    """The percentiles alone, meanwhile, and how many HGETALLs there were."""
    with Server(name, binary) as server:
        fields = (word for n in range(FIELDS) for word in (b"field:%07d" % n, b"value:%07d" % n))
        server.add(b"HSET", b"large", 2, fields)
        names = set_other_keys(server)
        quiet = percentiles(ask(server, names, SECONDS))
        stop = multiprocessing.Event()
        rounds = multiprocessing.Value("i", 0)
        other = multiprocessing.Process(target=loop_hgetall, args=(server, rounds, stop))
        other.start()
        time.sleep(0.3)
        before = rounds.value
        meanwhile = percentiles(ask(server, names, SECONDS))
        count = rounds.value - before
        stop.set()
        other.join()
        return quiet, meanwhile, count


def main():
    found = binaries()
    print(f"{CLIENTS} clients, {RATE:.0f} GET/s each, {SECONDS:.0f} s a phase; HGETALL of {FIELDS:,} fields meanwhile")
    print("| server | phase | p50 ms | p99 ms | p99.9 ms | max ms | p99 ratio |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for name, path in found.items():
        quiet, meanwhile, count = measure(name, path)
        ratio = meanwhile[1] / quiet[1]
        print(f"| {name} | alone | " + " | ".join(f"{each:.2f}" for each in quiet) + " | |")
        print(f"| {name} | {count} HGETALL meanwhile | " + " | ".join(f"{each:.2f}" for each in meanwhile) + f" | {ratio:.2f}x |", flush=True)
        if name == "nyala" and ratio > LIMIT:
            print(f"nyala's p99 is above {LIMIT}x of its quiet value", file=sys.stderr)


if __name__ == "__main__":
    main()
