"""Runs the same redis-benchmark work on Nyala and its peers in alternating rounds; `make bench-peers`.

Environment:
  PEERS   "name=/path/to/server ..." beside the installed redis-server, which is always the baseline
  NYALA   Nyala's binary (default target/release/nyala)
  ROWS    "p1 p1t2 p16t2 p64t2 p64big scripts-p1t2 scripts-p16t2 all-p1 all-p1t2 all-p16t2 memory", or some of them; those that begin with "all"
          run redis-benchmark's default set, the others SET and GET
  TESTS   "lpush spop ...", some of the default set
  ROUNDS  rounds per row (default 5); every round runs each server once, in changing order, the others idle
  RUN_SECONDS  least length of one run on the fastest server (default 2.5)
  QUICK=1 a short check that everything works: one round, tiny runs, few keys
A run of all rows writes the table into docs/performance.md and the plot to docs/peers.svg. Other runs only print.
"""

import datetime
import json
import os
import platform
import re
import sys
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from statistics import median

import load
import report
from servers import TARGET, Server, binaries

ROOT = Path(__file__).resolve().parents[2]
QUICK = bool(os.environ.get("QUICK"))
ROUNDS = int(os.environ.get("ROUNDS", 1 if QUICK else 5))
RUN_SECONDS = float(os.environ.get("RUN_SECONDS", 0.6 if QUICK else 2.5))
TESTS = os.environ.get("TESTS", "").split()
ALL_ROWS = [row.id for row in load.ROWS] + ["memory"]
MEMORY_KEYS = 100_000 if QUICK else 2_000_000
MEMORY_VALUES = [32, 8]
MAX_REQUESTS = 30_000_000


def work(row, servers):
    """One row on all servers: (title, operation, {server: [Sample]}) for each operation."""
    for server in servers:
        server.ask("FLUSHALL")
        if row.loaded:
            server.load(row.keys // (20 if QUICK else 1), row.value_bytes)
    rows = []
    for operation in row.operations():
        if TESTS and row.is_default_set and operation.id not in TESTS:
            continue
        # A first run of each server warms it up and tells how many requests the fastest needs for its time.
        probe = (5000 if row.is_default_set else 20_000) * row.pipeline
        fastest = max(load.measure(server, row, operation, probe).rps for server in servers)
        # With threads the rate of a run shorter than a second is not to be trusted.
        while row.threads and probe < min(fastest, MAX_REQUESTS):
            probe *= 4
            fastest = max(load.measure(server, row, operation, probe).rps for server in servers)
        requests = min(MAX_REQUESTS, max(probe, int(fastest * RUN_SECONDS)))
        samples = {server.name: [] for server in servers}
        for turn in range(ROUNDS):
            start = turn % len(servers)
            for server in servers[start:] + servers[:start]:
                samples[server.name].append(load.measure(server, row, operation, requests))
        rows.append((row.title(), operation.id, samples))
        medians = ", ".join(f"{name} {median(s.rps for s in runs):,.0f}/s" for name, runs in samples.items())
        print(f"{row.id} {operation.id}: {medians}", flush=True)
    for server in servers:
        server.ask("FLUSHALL")
    return rows


def bytes_per_key(name, binary, value_bytes):
    """Growth of a fresh server's resident set for each of its keys."""
    with Server(name, binary) as server:
        before = server.resident_bytes()
        server.load(MEMORY_KEYS, value_bytes)
        time.sleep(1)
        return (server.resident_bytes() - before) / MEMORY_KEYS


def machine():
    """The kind of machine, in a few words."""
    info = Path("/proc/cpuinfo").read_text()
    found = re.search(r"model name\s*:\s*(.*)", info)
    model = found[1].strip() if found else platform.machine()
    gib = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return f"{os.cpu_count()} cores ({model}), {gib:.0f} GiB, Linux {platform.release().split('-')[0]}"


def main():
    found = binaries()
    names = list(found)
    wanted = os.environ.get("ROWS", " ".join(ALL_ROWS)).split()
    unknown = [name for name in wanted if name not in ALL_ROWS]
    if unknown:
        raise SystemExit(f"bench-peers: no such rows: {' '.join(unknown)}; there are {' '.join(ALL_ROWS)}")

    results, versions = [], {}
    with ExitStack() as running:
        servers = [running.enter_context(Server(name, path)) for name, path in found.items()]
        versions = {server.name: server.version() for server in servers}
        for row in load.ROWS:
            if row.id in wanted:
                results += work(row, servers)
    memory = {}
    if "memory" in wanted:
        for value_bytes in MEMORY_VALUES:
            memory[value_bytes] = {name: bytes_per_key(name, path, value_bytes) for name, path in found.items()}

    date = datetime.date.today().isoformat()
    kinds = ", ".join(f"{name} {version}" for name, version in versions.items())
    head = f"Measured {date} on {machine()}; load and server share the cores. {kinds}."
    block = [head]
    if results:
        said = f"Medians of {ROUNDS} rounds; a ratio is to redis-server in the same round, with the range of the rounds."
        block += [f"`redis-benchmark -d 32 -c {load.CLIENTS} -r 100000`, unless the row says otherwise. {said}", report.table(names, results)]
    if memory:
        block += [f"Resident bytes per key, {MEMORY_KEYS:,} keys of 16 bytes:", report.memory_table(names, memory)]
    text = "\n\n".join(block)
    print("\n" + text)

    raw = [[title, op, {name: [asdict(s) for s in runs] for name, runs in by.items()}] for title, op, by in results]
    TARGET.mkdir(parents=True, exist_ok=True)
    (TARGET / "bench-peers.json").write_text(json.dumps({"head": head, "work": raw, "memory": memory}, indent=1))
    if QUICK or TESTS or set(wanted) != set(ALL_ROWS):
        print("\nnot all rows at full length: docs/ is left as it is", file=sys.stderr)
        report.plot(names, results, date)
        return
    page = ROOT / "docs" / "performance.md"
    picture = "![ratios to redis-server](peers.svg)"
    page.write_text(report.splice(page.read_text(), text + "\n\n" + picture))
    (ROOT / "docs" / "peers.svg").write_text(report.plot(names, results, f"{date}, {machine()}"))


if __name__ == "__main__":
    main()
