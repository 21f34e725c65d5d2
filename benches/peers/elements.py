"""Measures single elements of large collections beside Redis; `python3 benches/peers/elements.py`.

One collection of each type with a million elements, on every server; then redis-benchmark on one command after the
other, in turn on each server. Medians of all rounds; ratios are to the first server.

Environment:
  PEERS     "name=/path/to/server ..." beside the installed redis-server, which is the baseline
  NYALA     Nyala's binary (default target/release/nyala)
  COMMANDS  "HSET ZRANK ...", or some of them (default all)
  REQUESTS  of each command in a round (default 1500000; fewer of those that take long)
  THREADS   threads of redis-benchmark (default 2; one is often the limit itself)
  ROUNDS    default 5
  QUICK=1   a short check that everything works
"""

import contextlib
import os
import statistics
import sys
from dataclasses import dataclass

import load
from servers import Server, binaries

QUICK = bool(os.environ.get("QUICK"))
ELEMENTS = 20_000 if QUICK else 1_000_000
REQUESTS = int(os.environ.get("REQUESTS", 10_000 if QUICK else 1_500_000))
THREADS = int(os.environ.get("THREADS", 2))
ROUNDS = int(os.environ.get("ROUNDS", 1 if QUICK else 5))
CLIENTS, PIPELINE = 50, 16
# The tool writes a random number in twelve digits in its place.
ANY = "__rand_int__"


@dataclass(frozen=True)
class Command:
    """A command on a large collection, and of how many requests' cost it is about."""

    words: str
    cost: int = 1

    def name(self):
        """Its first word, under which it is chosen."""
        return self.words.split()[0]


MIDDLE = ELEMENTS // 2
COMMANDS = [
    Command(f"HSET hash element:{ANY} value:{ANY}"),
    Command(f"HGET hash element:{ANY}"),
    Command("LPUSH list element"),
    Command("RPOP list"),
    Command(f"LINDEX list {ELEMENTS // 3}", 10),
    Command(f"SISMEMBER set element:{ANY}"),
    Command("SINTER set half", REQUESTS // 4),
    Command(f"ZADD zset {ANY} element:{ANY}"),
    Command(f"ZSCORE zset element:{ANY}"),
    Command(f"ZRANK zset element:{ANY}"),
    Command(f"ZRANGE zset {MIDDLE} {MIDDLE + 99}", 10),
    Command(f"ZRANGEBYSCORE zset {ANY} +inf LIMIT 0 100", 10),
    Command("XADD stream * field value"),
    Command(f"XRANGE stream {ANY} + COUNT 1"),
    Command(f"XRANGE stream {ANY} + COUNT 100", 20),
]


def fill(server):
    """Makes the collections."""
    names = [b"element:%012d" % number for number in range(ELEMENTS)]
    server.add(b"HSET", b"hash", 2, (word for name in names for word in (name, b"value")))
    server.add(b"RPUSH", b"list", 1, names)
    server.add(b"SADD", b"set", 1, names)
    server.add(b"SADD", b"half", 1, (b"element:%012d" % (number * 2) for number in range(ELEMENTS)))
    server.add(b"ZADD", b"zset", 2, (word for number, name in enumerate(names) for word in (b"%d" % number, name)))
    server.run([b"XADD", b"stream", b"%d-1" % number, b"field", b"value"] for number in range(1, ELEMENTS + 1))


def measure(server, command):
    """One round of a command on a server."""
    requests = max(REQUESTS // command.cost, 1)
    clients, pipeline = (CLIENTS, PIPELINE) if requests > CLIENTS * PIPELINE else (1, 1)
    threads = THREADS if clients > 1 and THREADS > 1 else 0
    row = load.Row("elements", pipeline, threads=threads, keys=ELEMENTS, clients=clients)
    return load.measure(server, row, load.Operation(command.name(), command.words), requests)


def rows(servers, wanted):
    """Each command with the medians of requests per second and of processor time, by server."""
    for command in COMMANDS:
        if command.name() not in wanted:
            continue
        samples = [[] for _ in servers]
        for _ in range(ROUNDS):
            for at, server in enumerate(servers):
                samples[at].append(measure(server, command))
        rps = [statistics.median(sample.rps for sample in each) for each in samples]
        cpu = [statistics.median(sample.cpu_us for sample in each) for each in samples]
        yield command, rps, cpu


def main():
    found = binaries()
    names = list(found)
    wanted = os.environ.get("COMMANDS", " ".join(command.name() for command in COMMANDS)).split()
    titles = ["command", *(f"{name} {what}" for what in ("req/s", "CPU us") for name in names)]
    titles += [f"{name} {what}" for what in ("req/s ratio", "CPU ratio") for name in names[1:]]
    print(f"collections of {ELEMENTS:,} elements, {ROUNDS} rounds")
    print("| " + " | ".join(titles) + " |")
    print("|---|" + "---:|" * (len(titles) - 1))
    slower = []
    with contextlib.ExitStack() as running:
        servers = [running.enter_context(Server(name, path)) for name, path in found.items()]
        for server in servers:
            fill(server)
        for command, rps, cpu in rows(servers, wanted):
            ratios = [[each / taken[0] if taken[0] else 1.0 for each in taken[1:]] for taken in (rps, cpu)]
            cells = [command.words.replace(ANY, "*"), *(f"{each:,.0f}" for each in rps), *(f"{each:.2f}" for each in cpu)]
            cells += [f"{ratio:.2f}x" for taken in ratios for ratio in taken]
            print("| " + " | ".join(cells) + " |", flush=True)
            if ratios[1][names[1:].index("nyala")] > 1:
                slower.append(command.words.replace(ANY, "*"))
    if slower:
        print(f"\nnyala takes more than {names[0]}: " + "; ".join(slower), file=sys.stderr)


if __name__ == "__main__":
    main()
