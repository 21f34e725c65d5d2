"""How late the events of keys that expire come, on Nyala and its peers; `python3 benches/peers/events.py`.

Each server alone: it is filled with keys whose expiry times lie spread over a minute, in no order, and nobody asks for
them any more. A subscriber to the `expired` events notes when each comes. Printed is the lag, from a key's expiry time to
the arrival of its event, and the server's processor time from the first expiry time on. A server that has not told all
of them at the end is given up: the events that are missing count with what they are late by then.

Environment:
  PEERS    "name=/path/to/server ..." beside the installed redis-server
  NYALA    Nyala's binary (default target/release/nyala)
  KEYS     numbers of keys (default "200000 1000000")
  SECONDS  time that the expiry times are spread over (default 60)
  QUICK=1  a short check that everything works
"""

import multiprocessing
import os
import random
import sys
import time

from servers import Server, binaries, request

QUICK = bool(os.environ.get("QUICK"))
KEYS = [int(keys) for keys in os.environ.get("KEYS", "5000" if QUICK else "200000 1000000").split()]
SECONDS = float(os.environ.get("SECONDS", 1 if QUICK else 60))
# Keys that tell how long it takes to set all of them.
PROBE_KEYS = 20_000
# How long after the last expiry time a server is waited for.
PATIENCE_S = 2 if QUICK else 120
CHANNEL = b"__keyevent@0__:expired"
# A key is called after its expiry time.
TIME_DIGITS, NAME_DIGITS = 13, 21
OPTIONS = ["--notify-keyspace-events", "Ex"]
LIMIT_MS = 100


def filling_seconds(server, keys):
    """The time that it takes to set so many keys, and some more."""
    start = time.time()
    fill(server, times(PROBE_KEYS, int(start + 3600) * 1000))
    took = time.time() - start
    server.ask("FLUSHALL")
    return 1 + 2 * took / PROBE_KEYS * keys


def times(keys, begin_ms):
    """Expiry times in no order, the same for all servers but for their begin."""
    rng = random.Random(keys)
    return [begin_ms + rng.randrange(int(SECONDS * 1000)) for _ in range(keys)]


def fill(server, expiries):
    """Sets the keys."""
    batch = 5000
    with server.connect() as link:
        for first in range(0, len(expiries), batch):
            numbered = enumerate(expiries[first : first + batch], first)
            link.sendall(b"".join(request([b"SET", b"%013d%08d" % (at, n), b"x", b"PXAT", b"%d" % at]) for n, at in numbered))
            left = len(b"+OK\r\n") * min(batch, len(expiries) - first)
            while left > 0:
                left -= len(link.recv(left))


def listen(server, keys, until, results):
    """Subscribes, then answers the lag of every event that comes in time, in milliseconds."""
    frame = len(request([b"message", CHANNEL, b"0" * NAME_DIGITS]))
    tail = NAME_DIGITS + len(b"\r\n")
    lags, rest = [], b""
    with server.connect() as link:
        link.sendall(request([b"SUBSCRIBE", CHANNEL]))
        link.recv(4096)
        results.send(True)
        while len(lags) < keys and (left := until - time.time()) > 0:
            link.settimeout(left)
            try:
                rest += link.recv(1 << 20)
            except TimeoutError:
                break
            now_ms = time.time() * 1000
            whole = len(rest) // frame * frame
            starts = range(frame - tail, whole, frame)
            lags += [now_ms - int(rest[at : at + TIME_DIGITS]) for at in starts]
            rest = rest[whole:]
    results.send(lags)


def measure(server, keys):
    """All lags, sorted, how many events came, and the processor time spent."""
    wait = filling_seconds(server, keys)
    begin = time.time() + wait
    expiries = times(keys, int(begin * 1000))
    end = begin + SECONDS + PATIENCE_S
    results, theirs = multiprocessing.Pipe()
    listener = multiprocessing.Process(target=listen, args=(server, keys, end, theirs))
    listener.start()
    results.recv()
    fill(server, expiries)
    if time.time() > begin:
        print(f"{server.name} was not filled in time: the lags are too large", file=sys.stderr)
    time.sleep(max(0.0, begin - time.time()))
    before = server.cpu_seconds()
    lags = results.recv()
    spent = server.cpu_seconds() - before
    listener.join()
    # Nobody knows which ones are missing: those due last are the ones that are late by the least.
    missing = [end * 1000 - at for at in sorted(expiries)[len(lags) :]]
    return sorted(lags + missing), len(lags), spent


def main():
    print(f"expiry times spread over {SECONDS:.0f} s")
    print("| keys | server | events | median ms | p99 ms | p99.9 ms | max ms | CPU s |")
    print("|---:|---|---:|---:|---:|---:|---:|---:|")
    late = []
    for keys in KEYS:
        for name, path in binaries().items():
            with Server(name, path, OPTIONS) as server:
                lags, came, spent = measure(server, keys)
            shown = [lags[min(keys - 1, int(keys * share))] for share in (0.5, 0.99, 0.999, 1)]
            print(f"| {keys:,} | {name} | {came:,} | " + " | ".join(f"{lag:,.1f}" for lag in shown) + f" | {spent:.1f} |", flush=True)
            if name == "nyala" and shown[1] >= LIMIT_MS:
                late.append(f"{keys:,}")
    if late:
        print(f"\nnyala's p99 is not below {LIMIT_MS} ms: {', '.join(late)} keys", file=sys.stderr)


if __name__ == "__main__":
    main()
