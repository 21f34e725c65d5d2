"""The load: redis-benchmark runs, and what is read from them."""

import re
import subprocess
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One kind of work: `redis-benchmark -d 32 -c 50` with these options."""

    id: str
    pipeline: int
    threads: int = 0
    keys: int = 100_000
    loaded: bool = False

    def title(self):
        """The options that differ from row to row, as they are typed."""
        text = f"-P {self.pipeline}"
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
]
OPERATIONS = ["set", "get"]
VALUE_BYTES = 32
CLIENTS = 50


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
    command = ["redis-benchmark", "-h", "127.0.0.1", "-p", server.port, "-t", operation, "-r", row.keys, "-d", VALUE_BYTES]
    command += ["-c", CLIENTS, "-P", row.pipeline, "-n", requests, "--precision", 3]
    if row.threads:
        command += ["--threads", row.threads]
    before = server.cpu_seconds()
    run = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    cpu = server.cpu_seconds() - before
    if run.returncode != 0 or "throughput summary" not in run.stdout:
        raise SystemExit(f"redis-benchmark on {server.name}: {run.stdout[-500:]}{run.stderr[-500:]}")
    return read(run.stdout, row, cpu, requests)


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
