"""What the append-only file costs: SETs without it, with `appendfsync everysec` and with `always`, on Nyala and its peers.

Every server runs once for each way of logging, all in folders of one disk; the rounds alternate between them. A ratio is
to redis-server with the same logging, or to the same server without a log, in the same round.

Environment:
  PEERS, NYALA   as for run.py
  ROWS           "p1 p1t2 p16t2", or some other rows of load.py
  LOGS           "no everysec always", or some of them
  ROUNDS         rounds (default 5)
  RUN_SECONDS    length of one run (default 2)
  TMPDIR         a folder on the disk to measure: not one in memory
  QUICK=1        one round, short runs
"""

import os
from contextlib import ExitStack
from statistics import median

import load
import report
from servers import Server, binaries

QUICK = bool(os.environ.get("QUICK"))
ROUNDS = int(os.environ.get("ROUNDS", 1 if QUICK else 5))
RUN_SECONDS = float(os.environ.get("RUN_SECONDS", 0.3 if QUICK else 2))
ROWS = os.environ.get("ROWS", "p1 p1t2 p16t2").split()
LOGS = os.environ.get("LOGS", "no everysec always").split()


def options(log):
    """How a server is started that logs so."""
    if log == "no":
        return []
    # A rewrite would be measured along.
    return ["--appendonly", "yes", "--appendfsync", log, "--auto-aof-rewrite-percentage", "0"]


def runs(row, servers):
    """The samples of every server, by its key."""
    operation = load.Operation("set")
    # Long enough for the progress lines that a rate with threads is read from.
    probe = max(200_000, 20_000 * row.pipeline)
    probes = {key: load.measure(server, row, operation, probe) for key, server in servers.items()}
    samples = {key: [] for key in servers}
    keys = list(servers)
    for turn in range(ROUNDS):
        start = turn % len(keys)
        for key in keys[start:] + keys[:start]:
            requests = max(20_000, int(probes[key].rps * RUN_SECONDS))
            samples[key].append(load.measure(servers[key], row, operation, requests))
    return samples


def ratio(samples, base, field="rps"):
    """The ratio of two servers, where both were measured."""
    return report.ratio_text(report.ratios(samples, base, field)) if base else "-"


def table(row, samples, baseline):
    """The lines of one row."""
    for (log, name), ours in samples.items():
        theirs, unlogged = samples[log, baseline], samples.get(("no", name))
        cells = [f"`{row.title()}`", log, name, f"{median(s.rps for s in ours):,.0f}"]
        cells += [f"{median(getattr(s, field) for s in ours):.2f}" for field in ("cpu_us", "p50", "p99", "p999")]
        cells += ["1", "1"] if name == baseline else [ratio(ours, theirs), ratio(ours, theirs, "cpu_us")]
        cells += ["1", "1"] if log == "no" else [ratio(ours, unlogged), ratio(ours, unlogged, "cpu_us")]
        yield "| " + " | ".join(cells) + " |"


def main():
    """Measures every row, and prints a table."""
    found = binaries()
    print(f"`redis-benchmark -t set -d 32 -c {load.CLIENTS} -r 100000`; medians of {ROUNDS} rounds, with their range.\n")
    print("| work | log | server | requests/s | CPU us/request | p50 ms | p99 ms | p99.9 ms "
          "| requests/s to redis-server | CPU | requests/s to no log | CPU |")
    print("|---|---|---|---:|---:|---:|---:|---:|---|---|---|---|")
    with ExitStack() as running:
        servers = {(log, name): running.enter_context(Server(name, path, options(log)))
                   for log in LOGS for name, path in found.items()}
        for row in (row for row in load.ROWS if row.id in ROWS):
            print("\n".join(table(row, runs(row, servers), next(iter(found)))), flush=True)


if __name__ == "__main__":
    main()
