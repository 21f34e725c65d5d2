"""What it takes to deliver messages, on Nyala and its peers; `python3 benches/peers/pubsub.py`.

`redis-benchmark` publishes to one channel, and one more process holds the subscribers, which throw away what comes. Both
servers get the same messages in turn. Counted are deliveries (messages times subscribers) a second, until the last
subscriber has the last message, and the server's processor time for each. The last column is the part of the machine
that the load takes meanwhile: where it and the server's add up to all of it, the deliveries a second are bounded by the
load as much as by the server, and the processor time tells more.

Environment:
  PEERS        "name=/path/to/server ..." beside the installed redis-server, which is the baseline
  NYALA        Nyala's binary (default target/release/nyala)
  SUBSCRIBERS  numbers of subscribers (default "1 10 1000")
  PIPELINES    publishers' pipelines (default "1 16")
  PUBLISHERS   their connections (default 50)
  THREADS      threads of redis-benchmark (default 2; with one, the publishers are the limit at -P 1)
  PAYLOAD      bytes of a message (default 32)
  ROUNDS       rounds per row (default 5); every round runs each server once, in changing order, the others idle
  RUN_SECONDS  length of one run on the fastest server (default 2)
  QUICK=1      a short check that everything works
"""

import multiprocessing
import os
import select
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

import report
from servers import Server, binaries, request

QUICK = bool(os.environ.get("QUICK"))
SUBSCRIBERS = [int(count) for count in os.environ.get("SUBSCRIBERS", "1 10 1000").split()]
PIPELINES = [int(length) for length in os.environ.get("PIPELINES", "1 16").split()]
PUBLISHERS = int(os.environ.get("PUBLISHERS", 50))
THREADS = int(os.environ.get("THREADS", 2))
PAYLOAD = b"x" * int(os.environ.get("PAYLOAD", 32))
ROUNDS = int(os.environ.get("ROUNDS", 1 if QUICK else 5))
RUN_SECONDS = float(os.environ.get("RUN_SECONDS", 0.3 if QUICK else 2))
CHANNEL = b"bench"
MESSAGE_BYTES = len(request([b"message", CHANNEL, PAYLOAD]))
CONFIRMED_BYTES = len(request([b"subscribe", CHANNEL]) + b":1\r\n")
READ_BYTES = 1 << 20
PATIENCE_S = 60
LEAST_SPEED, MOST_CPU = 1.5, 0.7
# A subscriber is not to be cut off for being slow, whatever the server is faster by.
OPTIONS = ["--client-output-buffer-limit", "pubsub 0 0 0"]


@dataclass
class Sample:
    """One run on one server: deliveries a second, processor time for each, and the load's part of all processors."""

    rps: float
    cpu_us: float
    load: float


def subscribed(server):
    """A new subscriber."""
    link = server.connect()
    link.sendall(request([b"SUBSCRIBE", CHANNEL]))
    left = CONFIRMED_BYTES
    while left > 0:
        left -= len(link.recv(left))
    link.setblocking(False)
    return link


def listen(server, count, orders):
    """Subscribes. Then takes orders, each a number of bytes: answers when so many have come to all together."""
    links = {link.fileno(): link for link in (subscribed(server) for _ in range(count))}
    ready = select.epoll()
    for number in links:
        ready.register(number, select.EPOLLIN)
    reads = {number: link.recv_into for number, link in links.items()}
    orders.send(count)
    buffer = bytearray(READ_BYTES)
    while (left := orders.recv()) > 0:
        begin = time.process_time()
        while left > 0:
            for number, _ in ready.poll(PATIENCE_S, len(links)):
                # Truncated bytes are dropped by the kernel without a copy.
                came = reads[number](buffer, READ_BYTES, socket.MSG_TRUNC)
                if not came:
                    raise SystemExit(f"{server.name} has cut a subscriber off")
                left -= came
        orders.send((time.perf_counter(), time.process_time() - begin))
    for link in links.values():
        link.close()


class Subscribers:
    """Subscribers in a process of their own; use as a context."""

    def __init__(self, server, count):
        self.orders, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=listen, args=(server, count, theirs))

    def __enter__(self):
        self.process.start()
        self.orders.recv()
        return self

    def __exit__(self, *_):
        self.orders.send(0)
        self.process.join()

    def order(self, messages):
        """So many messages are to come."""
        self.orders.send(messages)

    def done(self):
        """When the last of them has come, and the processor time that it took to read them all."""
        if not self.orders.poll(PATIENCE_S):
            self.process.kill()
            raise SystemExit("messages do not come")
        return self.orders.recv()


def publish(server, pipeline, messages):
    """Publishes; answers the publishers' processor time."""
    command = ["redis-benchmark", "-h", "127.0.0.1", "-p", server.port, "-c", PUBLISHERS, "-P", pipeline, "-n", messages]
    if THREADS > 1:
        command += ["--threads", THREADS]
    command += ["publish", CHANNEL.decode(), PAYLOAD.decode()]
    before = os.times()
    run = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    after = os.times()
    if run.returncode != 0 or "throughput summary" not in run.stdout:
        raise SystemExit(f"redis-benchmark on {server.name}: {run.stdout[-500:]}{run.stderr[-500:]}")
    return after.children_user - before.children_user + after.children_system - before.children_system


def measure(server, pipeline, count, messages):
    """One run: so many messages to so many subscribers."""
    with Subscribers(server, count) as subscribers:
        deliveries = messages * count
        subscribers.order(deliveries * MESSAGE_BYTES)
        before, begin = server.cpu_seconds(), time.perf_counter()
        publishing = publish(server, pipeline, messages)
        end, reading = subscribers.done()
        cpu = server.cpu_seconds() - before
        took = end - begin
        return Sample(deliveries / took, cpu * 1e6 / deliveries, (publishing + reading) / took / os.cpu_count())


def rounds(servers, pipeline, count):
    """All rounds of one row: {server: [Sample]}."""
    whole = pipeline * PUBLISHERS
    # A first run of each server warms it up and tells how many messages the fastest needs for its time.
    probe = max(1, (20_000 if QUICK else 200_000) // count // whole) * whole
    fastest = max(measure(server, pipeline, count, probe).rps for server in servers)
    messages = max(probe, int(fastest * RUN_SECONDS / count / whole) * whole)
    samples = {server.name: [] for server in servers}
    for turn in range(ROUNDS):
        start = turn % len(servers)
        for server in servers[start:] + servers[:start]:
            samples[server.name].append(measure(server, pipeline, count, messages))
    return samples


def main():
    found = binaries()
    names = list(found)
    missed = []
    print(f"{PUBLISHERS} publishers on {THREADS} threads, {len(PAYLOAD)} bytes; medians of {ROUNDS} rounds, ratios with their range")
    print("| subscribers | pipeline | server | deliveries/s | CPU us/delivery | deliveries/s ratio | CPU ratio | load |")
    print("|---:|---:|---|---:|---:|---|---|---:|")
    with ExitStack() as running:
        servers = [running.enter_context(Server(name, path, OPTIONS)) for name, path in found.items()]
        for count in SUBSCRIBERS:
            for pipeline in PIPELINES:
                samples = rounds(servers, pipeline, count)
                for name in names:
                    speed, cpu = (report.ratios(samples[name], samples[names[0]], field) for field in ("rps", "cpu_us"))
                    row = f"| {count} | {pipeline} | {name} "
                    row += f"| {median(s.rps for s in samples[name]):,.0f} | {median(s.cpu_us for s in samples[name]):.3f} "
                    row += "| 1 | 1 " if name == names[0] else f"| {report.ratio_text(speed)} | {report.ratio_text(cpu)} "
                    print(f"{row}| {median(s.load for s in samples[name]):.0%} |", flush=True)
                    if name == "nyala" and (median(speed) < LEAST_SPEED or median(cpu) > MOST_CPU):
                        missed.append(f"{count} at -P {pipeline}")
    if missed:
        print(f"\nnyala below {LEAST_SPEED}x deliveries/s or above {MOST_CPU}x CPU: " + ", ".join(missed), file=sys.stderr)


if __name__ == "__main__":
    main()
