"""The load: redis-benchmark runs, and what is read from them."""

import hashlib
import re
import subprocess
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Operation:
    """A test of redis-benchmark, or a command of our own where the tool's test does more than its name says."""

    id: str
    command: str = ""
    # What it finds: "" nothing, or what the last run left; else see `feed`.
    food: str = ""


SET_GET = [Operation("set"), Operation("get")]

# The tool's default set. Each run begins with an empty server and finds what it reads or takes; the tool itself would
# measure POPs of keys that are soon empty, and would push a list in the same breath as it measures LRANGE.
DEFAULT_SET = [
    Operation("ping_inline"),
    Operation("ping_mbulk"),
    Operation("set"),
    Operation("get", food="keys"),
    Operation("incr"),
    Operation("lpush"),
    Operation("rpush"),
    Operation("lpop", food="list"),
    Operation("rpop", food="list"),
    Operation("sadd"),
    Operation("hset"),
    Operation("spop", food="set"),
    Operation("zadd"),
    Operation("zpopmin", food="zset"),
    Operation("lrange_100", "LRANGE mylist 0 99", "short list"),
    Operation("lrange_300", "LRANGE mylist 0 299", "short list"),
    Operation("lrange_500", "LRANGE mylist 0 499", "short list"),
    Operation("lrange_600", "LRANGE mylist 0 599", "short list"),
    Operation("mset"),
]


# Scripts by their digests, which `feed` loads: an empty one, and one that sets a key and reads it.
SCRIPTS = {"evalsha_empty": "return", "evalsha_set_get": "redis.call('SET',KEYS[1],ARGV[1]) return redis.call('GET',KEYS[1])"}


def evalsha(name, rest):
    """EVALSHA of one of the scripts, with these words behind the digest."""
    digest = hashlib.sha1(SCRIPTS[name].encode()).hexdigest()
    return Operation(name, f"EVALSHA {digest} {rest}", food="scripts")


SCRIPT_SET = [evalsha("evalsha_empty", "0"), evalsha("evalsha_set_get", "1 key:__rand_int__ value")]


@dataclass(frozen=True)
class Row:
    """One kind of work: `redis-benchmark -c 50` with these options."""

    id: str
    pipeline: int
    threads: int = 0
    keys: int = 100_000
    loaded: bool = False
    value_bytes: int = 32
    is_default_set: bool = False
    runs_scripts: bool = False
    clients: int = 50

    def operations(self):
        """What is run, one after the other."""
        if self.runs_scripts:
            return SCRIPT_SET
        return DEFAULT_SET if self.is_default_set else SET_GET

    def title(self):
        """The options that differ from row to row, as they are typed."""
        text = f"-P {self.pipeline}"
        if self.runs_scripts:
            text = f"scripts, {text}"
        if self.is_default_set:
            text = f"-d {self.value_bytes} {text}"
        if self.threads:
            text += f" --threads {self.threads}"
        if self.loaded:
            text += f" -r {self.keys}, all loaded"
        return text


ROWS = [
    Row("p1", 1),
    Row("p1t2", 1, threads=2),
    Row("p16t2", 16, threads=2),
    Row("p64t2", 64, threads=2),
    Row("p64big", 64, threads=2, keys=4_000_000, loaded=True),
    Row("scripts-p1t2", 1, threads=2, runs_scripts=True),
    Row("scripts-p16t2", 16, threads=2, runs_scripts=True),
    Row("all-p1", 1, value_bytes=3, is_default_set=True),
    Row("all-p1t2", 1, threads=2, value_bytes=3, is_default_set=True),
    Row("all-p16t2", 16, threads=2, value_bytes=3, is_default_set=True),
]
CLIENTS = Row.clients


@dataclass
class Sample:
    """One run of one operation on one server. Latencies in milliseconds."""

    rps: float
    cpu_us: float
    p50: float
    p99: float
    p999: float


def measure(server, row, operation, requests):
    """Runs `requests` requests of one operation on a server."""
    if row.is_default_set or row.runs_scripts:
        feed(server, row, operation.food, requests)
    command = ["redis-benchmark", "-h", "127.0.0.1", "-p", server.port, "-r", row.keys, "-d", row.value_bytes]
    command += ["-c", row.clients, "-P", row.pipeline, "-n", requests, "--precision", 3]
    if row.threads:
        command += ["--threads", row.threads]
    command += operation.command.split() if operation.command else ["-t", operation.id]
    before = server.cpu_seconds()
    run = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    cpu = server.cpu_seconds() - before
    if run.returncode != 0 or "throughput summary" not in run.stdout:
        raise SystemExit(f"redis-benchmark on {server.name}: {run.stdout[-500:]}{run.stderr[-500:]}")
    return read(run.stdout, row, cpu, requests)


def feed(server, row, food, requests):
    """Empties a server and gives it what an operation reads or takes in so many requests."""
    server.ask("FLUSHALL")
    element = b"x" * row.value_bytes
    if food == "keys":
        server.load(row.keys, row.value_bytes)
    elif food == "scripts":
        for source in SCRIPTS.values():
            server.ask(f'SCRIPT LOAD "{source}"')
    elif food == "short list":
        server.add(b"RPUSH", b"mylist", 1, (element for _ in range(1000)))
    elif food == "list":
        server.add(b"RPUSH", b"mylist", 1, (element for _ in range(requests)))
    elif food == "set":
        server.add(b"SADD", b"myset", 1, (b"element:%012d" % number for number in range(requests)))
    elif food == "zset":
        pairs = ((b"%d" % (number * 7 % requests), b"element:%012d" % number) for number in range(requests))
        server.add(b"ZADD", b"myzset", 2, (word for pair in pairs for word in pair))
    # Memory that was freed in the background is not to be charged to the run.
    time.sleep(0.2)


def read(output, row, cpu_seconds, requests):
    """Takes the figures out of redis-benchmark's output for one test."""
    rps = float(re.search(r"throughput summary: ([\d.]+)", output)[1])
    if row.threads:
        # With threads the tool notices the end of a run only at its next quarter of a second, and the summary counts
        # that wait. Its last progress line before the end does not.
        progress = [float(value) for value in re.findall(r"rps=[\d.]+ \(overall: ([\d.]+)\)", output)]
        rps = next((value for value in reversed(progress) if value > 0), rps)
    steps = [(float(share), float(ms)) for share, ms in re.findall(r"^([\d.]+)% <= ([\d.]+) milliseconds", output, re.M)]
    # The first list of the output is by percentile and ends at 100 %; a list by latency follows.
    steps = steps[: next(at for at, step in enumerate(steps) if step[0] == 100) + 1]
    summary = re.search(r"avg\s+min\s+p50\s+p95\s+p99\s+max\s+(.*)", output)[1].split()
    return Sample(
        rps=rps,
        cpu_us=cpu_seconds * 1e6 / requests,
        p50=float(summary[2]),
        p99=float(summary[4]),
        p999=next(ms for share, ms in steps if share >= 99.9),
    )
