"""What a snapshot costs those who use the server meanwhile: BGSAVE, or BGREWRITEAOF, on Nyala and its peers under the
same load.

Each server alone: it is filled, its capacity under the load is measured, then the load runs at half of that, first alone,
then beside a snapshot. The load: some connections, each of which sends a batch of GETs and SETs of random keys at fixed
times; the latency of a batch is the time from when it was due until its last reply is there. At last the server is
started anew with the file.

Memory is the resident set of the server; where a forked child writes the file, what the two share no more (as the server
reports it) comes on top.

Environment:
  PEERS, NYALA   as for run.py
  COMMAND        BGSAVE (default), or BGREWRITEAOF of servers with an append-only file
  KEYS           keys (default 4000000)
  VALUE_BYTES    bytes of a value (default 200)
  WRITES         part of the requests that write, in percent (default 50)
  CONNECTIONS    connections (default 4)
  SECONDS        length of the measurements before the snapshot (default 10)
  QUICK=1        few keys, short measurements
"""

import multiprocessing
import os
import random
import re
import tempfile
import time
from pathlib import Path

from servers import Server, binaries

QUICK = bool(os.environ.get("QUICK"))
# For each command how the server is started, what it leaves, and the fields of INFO that tell of it.
COMMANDS = {
    "BGSAVE": ([], "dump.rdb", "rdb_bgsave_in_progress", "rdb_last_bgsave_status", "rdb_last_cow_size"),
    "BGREWRITEAOF": (["--appendonly", "yes", "--auto-aof-rewrite-percentage", "0"], "appendonlydir",
                     "aof_rewrite_in_progress", "aof_last_bgrewrite_status", "aof_last_cow_size"),
}
COMMAND = os.environ.get("COMMAND", "BGSAVE")
OPTIONS, MADE, RUNNING, STATUS, COPIED = COMMANDS[COMMAND]
KEYS = int(os.environ.get("KEYS", 50_000 if QUICK else 4_000_000))
VALUE_BYTES = int(os.environ.get("VALUE_BYTES", 200))
WRITES = int(os.environ.get("WRITES", 50)) / 100
CONNECTIONS = int(os.environ.get("CONNECTIONS", 4))
SECONDS = float(os.environ.get("SECONDS", 1 if QUICK else 10))
# Requests in a batch, and batches that are made before the measurement and sent over and over.
BATCH = 16
BATCHES = 2000
# A snapshot that takes longer is given up.
PATIENCE_S = 300
# The load goes on for so long after the snapshot.
TAIL_S = 0.5


def value(rng):
    """Bytes that do not compress."""
    return rng.randbytes(VALUE_BYTES)


def set_request(number, data):
    """A SET of a key with the names that `Server.load` uses."""
    return b"*3\r\n$3\r\nSET\r\n$16\r\nkey:%012d\r\n$%d\r\n%s\r\n" % (number, len(data), data)


def get_request(number):
    """A GET of such a key."""
    return b"*2\r\n$3\r\nGET\r\n$16\r\nkey:%012d\r\n" % number


def fill(server):
    """Sets every key."""
    rng = random.Random(1)
    values = [value(rng) for _ in range(1000)]
    with server.connect() as link:
        for first in range(0, KEYS, 2000):
            numbers = range(first, min(first + 2000, KEYS))
            link.sendall(b"".join(set_request(number, values[number % 1000]) for number in numbers))
            receive(link, 5 * len(numbers))


def receive(link, count):
    """Takes so many bytes."""
    while count > 0:
        part = link.recv(min(count, 1 << 20))
        if not part:
            raise SystemExit("snapshot: the server closed a connection")
        count -= len(part)


def batches(seed):
    """Batches of requests, with the length of their replies."""
    rng = random.Random(seed)
    made = []
    for _ in range(BATCHES):
        requests, reply = [], 0
        for _ in range(BATCH):
            number = rng.randrange(KEYS)
            if rng.random() < WRITES:
                requests.append(set_request(number, value(rng)))
                reply += len(b"+OK\r\n")
            else:
                requests.append(get_request(number))
                reply += len(b"$%d\r\n\r\n" % VALUE_BYTES) + VALUE_BYTES
        made.append((b"".join(requests), reply))
    return made


def drive(port, seed, interval, stop, ready, results):
    """One connection's part of the load: a batch every `interval` seconds, or one after the other without one. Answers
    when each was due, and its latency."""
    link = Server.connect(type("At", (), {"port": port}))
    made = batches(seed)
    samples = []
    ready.wait()
    clock = time.monotonic
    # The connections do not send all at the same moment.
    due = clock() + (interval or 0) * random.Random(seed).random()
    turn = 0
    while not stop.is_set():
        if interval:
            if (wait := due - clock()) > 0:
                time.sleep(wait)
        else:
            due = clock()
        data, reply = made[turn % BATCHES]
        link.sendall(data)
        receive(link, reply)
        samples.append((due, clock() - due))
        due += interval or 0
        turn += 1
    link.close()
    results.put(samples)


class Load:
    """The load while it runs; use as a context. `samples` has what was measured, afterwards."""

    def __init__(self, server, interval):
        self.server, self.interval, self.samples = server, interval, []

    def __enter__(self):
        self.stop, self.results = multiprocessing.Event(), multiprocessing.Queue()
        ready = multiprocessing.Barrier(CONNECTIONS + 1)
        arguments = (self.server.port, self.interval, self.stop, ready, self.results)
        port, interval, *rest = arguments
        self.processes = [
            multiprocessing.Process(target=drive, args=(port, seed, interval, *rest)) for seed in range(CONNECTIONS)
        ]
        for process in self.processes:
            process.start()
        ready.wait()
        self.begun = time.monotonic()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for _ in self.processes:
            self.samples += self.results.get()
        for process in self.processes:
            process.join()
        self.ended = time.monotonic()


def percentiles(samples, begun, ended):
    """Median, p99, p99.9 and the greatest latency of the batches that were due in a time, in milliseconds."""
    spans = sorted(span for due, span in samples if begun <= due < ended) or [0.0]
    return [spans[min(len(spans) - 1, int(len(spans) * part))] * 1000 for part in (0.5, 0.99, 0.999, 1.0)]


def fact(server, section, name):
    """A field of INFO."""
    found = re.search(rf"\b{name}:(\S+)", server.ask(f"INFO {section}").decode())
    return found[1] if found else "0"


def has_child(server):
    """Whether a forked child runs."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    return bool(children.read_text().split())


def snapshot(server, interval):
    """The command under load: its duration, the growth of memory, and the latencies meanwhile."""
    before = server.resident_bytes()
    peak, forked = before, False
    with Load(server, interval) as load:
        time.sleep(min(1.0, SECONDS / 2))
        begun = time.monotonic()
        if not server.ask(COMMAND).startswith(b"+Background"):
            raise SystemExit(f"{server.name}: {COMMAND} was refused")
        while True:
            peak = max(peak, server.resident_bytes())
            forked |= has_child(server)
            if fact(server, "persistence", RUNNING) == "0":
                break
            if time.monotonic() - begun > PATIENCE_S:
                raise SystemExit(f"{server.name}: the snapshot does not end")
            time.sleep(0.02)
        ended = time.monotonic()
        time.sleep(TAIL_S)
    if fact(server, "persistence", STATUS) != "ok":
        raise SystemExit(f"{server.name}: the snapshot failed")
    copied = int(fact(server, "persistence", COPIED)) if forked else 0
    return {
        "during": percentiles(load.samples, begun, ended),
        "seconds": ended - begun,
        "growth": (peak + copied - before) / before,
        "fork_ms": int(fact(server, "stats", "latest_fork_usec")) / 1000 if forked else 0.0,
    }


def made(folder):
    """The files that the command has made in a server's folder."""
    return [path for path in Path(folder).rglob("*") if path.is_file() and MADE in str(path)]


def load_seconds(server):
    """Starts a server on what another one has written; answers how long it takes until all keys are there."""
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        for path in made(server.dir.name):
            place = folder / path.relative_to(server.dir.name)
            place.parent.mkdir(exist_ok=True)
            os.link(path, place)
        return time_load(Server(server.name, server.binary, ["--dir", folder, *OPTIONS]))


def time_load(server):
    """Starts a server; answers how long it takes until all keys are there, or None when they are not."""
    begun = time.monotonic()
    with server as second:
        while time.monotonic() - begun < PATIENCE_S:
            said = second.ask("DBSIZE")
            if said == b":%d\r\n" % KEYS:
                return time.monotonic() - begun
            if said == b":0\r\n":
                return None
            time.sleep(0.01)
    return None


def measure(name, binary):
    """All of it for one server."""
    with Server(name, binary, OPTIONS) as server:
        fill(server)
        with Load(server, None) as load:
            time.sleep(SECONDS / 2)
        capacity = len(load.samples) * BATCH / (load.ended - load.begun)
        interval = CONNECTIONS * BATCH / (capacity / 2)
        with Load(server, interval) as load:
            time.sleep(SECONDS)
        before = percentiles(load.samples, load.begun, load.ended)
        facts = snapshot(server, interval)
        size = sum(path.stat().st_size for path in made(server.dir.name))
        return {"capacity": capacity, "before": before, "file": size, "load": load_seconds(server), **facts}


def main():
    """Measures every server, and prints a table."""
    print(f"{COMMAND}, {KEYS} keys of {VALUE_BYTES} bytes, {WRITES:.0%} writes at half of capacity, {CONNECTIONS} connections, "
          f"batches of {BATCH}; latencies of batches in ms")
    head = ["server", "capacity/s", "before p50/p99/p99.9/max", "during p50/p99/p99.9/max", "p99.9", "memory", "fork ms",
            "save s", "MB", "load s"]
    print(" | ".join(head))
    for name, binary in binaries().items():
        facts = measure(name, binary)
        spans = [" ".join(f"{span:.2f}" for span in facts[when]) for when in ("before", "during")]
        ratio = facts["during"][2] / facts["before"][2]
        load = "-" if facts["load"] is None else f"{facts['load']:.2f}"
        print(" | ".join([name, f"{facts['capacity']:.0f}", *spans, f"x{ratio:.2f}", f"{facts['growth']:+.1%}",
                          f"{facts['fork_ms']:.1f}", f"{facts['seconds']:.2f}", f"{facts['file'] / 1e6:.0f}", load]),
              flush=True)


if __name__ == "__main__":
    main()
