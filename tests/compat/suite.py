"""Runs files of Redis's Tcl suite against a server binary and compares the passes with what is recorded.

Records, all beside this file:
  floor.tsv      what must pass: file, tests passed, mode
  known.tsv      what does not pass: file, test, reason
  reference.tsv  what Redis 7.0.15 itself passes with this harness: file, tests passed
Modes: `dropin` (the suite starts the server itself, with a config file, as it starts redis-server) and `external` (the
server is started here and the suite is given its port).
"""

import argparse
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
FLOOR, KNOWN, REFERENCE = HERE / "floor.tsv", HERE / "known.tsv", HERE / "reference.tsv"

# The files of what is built so far, in the order in which they run.
FILES = """
unit/printver unit/type/string unit/type/incr unit/type/list unit/type/list-2 unit/type/list-3 unit/type/hash
unit/type/set unit/type/zset unit/type/stream unit/type/stream-cgroups unit/geo unit/sort unit/bitops unit/bitfield
unit/hyperloglog unit/expire unit/keyspace unit/scan unit/pubsub unit/pubsubshard unit/protocol unit/querybuf unit/info
unit/introspection unit/introspection-2 unit/scripting unit/functions unit/slowlog unit/latency-monitor unit/networking unit/lazyfree
unit/multi unit/tracking unit/other
unit/dump unit/aofrw unit/shutdown integration/rdb integration/aof integration/aof-multi-part integration/aof-race
integration/corrupt-dump integration/corrupt-dump-fuzzer integration/convert-ziplist-hash-on-load
integration/convert-ziplist-zset-on-load integration/convert-zipmap-hash-on-load integration/logging
""".split()

NO_REASON = "no reason given yet"


@dataclass
class Result:
    """What one run of one file gave."""

    passed: Counter = field(default_factory=Counter)
    failed: Counter = field(default_factory=Counter)
    ignored: int = 0
    state: str = "ok"
    seconds: float = 0.0

    @property
    def passes(self):
        return self.passed.total()

    @property
    def run(self):
        return self.passed.total() + self.failed.total()


def read_tsv(path):
    """The rows of a record, without comments; an absent record is empty."""
    if not path.exists():
        return []
    lines = path.read_text().splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def write_tsv(path, head, rows):
    """Replaces a record as a whole."""
    text = "".join(f"# {line}\n" for line in head) + "".join("\t".join(map(str, row)) + "\n" for row in rows)
    path.write_text(text)


def unescape(text):
    """Undoes the escapes of the driver's reports."""
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t", "r": "\r"}.get(m[1], m[1]), text)


class External:
    """A server for external mode: one process for one file, in a folder of its own."""

    def __init__(self, binary):
        self.dir = tempfile.TemporaryDirectory(prefix="compat-")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        conf = Path(self.dir.name) / "server.conf"
        conf.write_text(
            f"port {self.port}\nbind 127.0.0.1\ndir {self.dir.name}\nsave ''\n"
            "enable-debug-command yes\nenable-protected-configs yes\nlatency-monitor-threshold 1\n"
        )
        self.process = subprocess.Popen([binary, conf], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)

    def stop(self):
        """Ends the server, at once if it does not end by itself."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.dir.cleanup()


def run_file(name, mode, server, suite, log_dir, limit):
    """Runs one file of the suite and returns its Result. Output goes to a log of its own."""
    result = Result()
    external = External(server) if mode == "external" else None
    # The suite hangs when a port is taken between its look and the server's start: other runs are to use others.
    options = ["--baseport", str(random.randrange(10_000, 32_000, 200)), "--portcount", "190"]
    if external:
        options += ["--host", "127.0.0.1", "--port", str(external.port)]
    began = time.monotonic()
    # A session of its own, so that on a timeout the servers that the suite started end with it.
    process = subprocess.Popen(
        ["tclsh", HERE / "driver.tcl", name, *options],
        cwd=suite,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        start_new_session=True,
    )
    timed_out = threading.Event()

    def stop():
        timed_out.set()
        os.killpg(process.pid, signal.SIGKILL)

    timer = threading.Timer(limit, stop)
    timer.start()
    in_progress = None
    finished = False
    with open(log_dir / (name.replace("/", "_") + ".log"), "w", encoding="utf-8") as log:
        for raw in process.stdout:
            line = raw.decode("utf-8", "backslashreplace")
            log.write(line)
            if not line.startswith("\x01"):
                continue
            status, _, text = line[1:].rstrip("\n").partition("\t")
            text = unescape(text)
            if status == "testing":
                in_progress = text
            elif status == "ok":
                result.passed[text] += 1
                in_progress = None
            elif status == "err":
                title = text.partition("\n")[0]
                result.failed[re.sub(r" in tests/\S+$", "", title)] += 1
                in_progress = None
            elif status == "ignore":
                result.ignored += 1
            elif status == "broken":
                result.state = "broken"
            elif status == "done":
                finished = True
    process.wait()
    timer.cancel()
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    if timed_out.is_set():
        result.state = "time"
    elif not finished:
        result.state = "broken"
    if result.state != "ok" and in_progress is not None:
        result.failed[in_progress] += 1
    if external:
        external.stop()
    result.seconds = time.monotonic() - began
    return result


def judge(name, result, floor, known):
    """What is wrong with the result of a file, as lines; nothing when it keeps to the record."""
    faults = []
    if result.passes < floor:
        faults.append(f"{name}: {result.passes} passed, the recorded floor is {floor}")
    for test in result.failed:
        if (name, test) not in known:
            faults.append(f"{name}: fails, and is not in known.tsv: {test}")
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True, help="the server binary under test")
    parser.add_argument("--suite", required=True, type=Path, help="the unpacked source package")
    parser.add_argument("--log", required=True, type=Path, help="folder for one log a file")
    parser.add_argument("--limit", type=float, default=300, help="seconds that one file may take")
    parser.add_argument("--mode", choices=["dropin", "external"], help="instead of the recorded one")
    parser.add_argument("--update", action="store_true", help="write the floor and the known failures anew")
    parser.add_argument("--reference", action="store_true", help="the server is Redis itself: record its passes")
    parser.add_argument("files", nargs="*", default=[])
    args = parser.parse_args()
    files = args.files or FILES
    args.log.mkdir(parents=True, exist_ok=True)

    floor = {row[0]: (int(row[1]), row[2]) for row in read_tsv(FLOOR)}
    known = {(row[0], row[1]): row[2] for row in read_tsv(KNOWN)}
    reference = {row[0]: int(row[1]) for row in read_tsv(REFERENCE)}
    if args.reference:
        floor, known = {}, {}

    faults = []
    totals = Counter()
    print(f"{'file':<28} {'passed':>6} {'run':>6} {'Redis':>6} {'floor':>6}  {'state':<7} {'time':>6}", flush=True)
    for name in files:
        least, mode = floor.get(name, (0, "dropin"))
        mode = args.mode or mode

        def attempt():
            return run_file(name, mode, args.server, args.suite, args.log, args.limit)

        result = attempt()
        wrong = judge(name, result, least, known)
        if wrong and not args.update and not args.reference:
            # Some tests of the suite measure time; on a busy machine one more try tells chance from fault.
            again = attempt()
            if again.passes >= result.passes:
                result, wrong = again, judge(name, again, least, known)
        ours = reference.get(name, 0)
        print(
            f"{name:<28} {result.passes:>6} {result.run:>6} {ours or '-':>6} {least:>6}"
            f"  {result.state:<7} {result.seconds:>5.1f}s",
            flush=True,
        )
        totals.update(passed=result.passes, run=result.run, reference=ours)
        if args.reference:
            reference[name] = result.passes
            for test in result.failed:
                print(f"    failed: {test}")
        elif args.update:
            floor[name] = (result.passes, mode)
            for key in [key for key in known if key[0] == name and key[1] not in result.failed]:
                del known[key]
            for test in result.failed:
                known.setdefault((name, test), NO_REASON)
        else:
            faults += wrong

    beside = "" if args.reference else f"; Redis itself passes {totals['reference']}"
    print(f"total: {totals['passed']} passed of {totals['run']} run{beside}")
    if args.reference:
        head = ["What Redis 7.0.15 itself passes, run by this harness (REFERENCE=1): file, tests passed."]
        write_tsv(REFERENCE, head, sorted(reference.items()))
    elif args.update:
        head = ["What must pass; `UPDATE=1 make compat` writes it anew: file, tests passed, mode (dropin or external)."]
        write_tsv(FLOOR, head, [(name, *row) for name, row in sorted(floor.items())])
        head = ["What does not pass, and why: file, test, reason."]
        write_tsv(KNOWN, head, [(*key, why) for key, why in sorted(known.items())])
        unreasoned = [f"{name}: {test}" for (name, test), why in sorted(known.items()) if why == NO_REASON]
        if unreasoned:
            print("give a reason in known.tsv for:", *unreasoned, sep="\n    ")
    for fault in faults:
        print(f"FAULT {fault}")
    if faults:
        print(f"logs: {args.log}")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
