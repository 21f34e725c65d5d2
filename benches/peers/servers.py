"""Servers under measurement: started on free loopback ports, without persistence, each in a folder of its own."""

import itertools
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

TARGET = Path(os.environ.get("CARGO_TARGET_DIR", Path(__file__).resolve().parents[2] / "target"))
TICK_HZ = os.sysconf("SC_CLK_TCK")


def free_port():
    """A loopback port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def binaries():
    """Every server by name, the baseline first."""
    baseline = shutil.which("redis-server")
    if not baseline:
        raise SystemExit("bench-peers: redis-server is missing (run scripts/tests-need)")
    found = {"redis-server": baseline, "nyala": os.environ.get("NYALA", str(TARGET / "release" / "nyala"))}
    for peer in os.environ.get("PEERS", "").split():
        name, given, path = peer.partition("=")
        if not given or name in found:
            raise SystemExit(f"bench-peers: PEERS wants name=/path, each name once; not {peer!r}")
        found[name] = path
    for name, path in found.items():
        if not os.access(path, os.X_OK):
            raise SystemExit(f"bench-peers: {name}: {path} is not there or cannot be run")
    return found


def request(words):
    """A command as it is sent."""
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


def read_reply(replies):
    """The next reply: a number, bytes, a list of such, None for a null, or a ValueError with the text of an error."""
    line = replies.readline()
    kind, text = line[:1], line[1:-2]
    if kind == b"-":
        return ValueError(text.decode())
    if kind == b"+":
        return text
    if kind == b":":
        return int(text)
    count = int(text)
    if count < 0:
        return None
    return replies.read(count + 2)[:-2] if kind == b"$" else [read_reply(replies) for _ in range(count)]


class Server:
    """One running server; use as a context."""

    def __init__(self, name, binary, options=()):
        self.name, self.binary, self.options = name, binary, options

    def __enter__(self):
        self.dir = tempfile.TemporaryDirectory(prefix="peers-")
        self.port = free_port()
        options = ["--port", self.port, "--bind", "127.0.0.1", "--dir", self.dir.name, "--save", "", "--appendonly", "no"]
        self.log = open(Path(self.dir.name) / "log", "wb")
        command = [self.binary, *map(str, options), *self.options]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, cwd=self.dir.name)
        for _ in range(200):
            try:
                if self.ask("PING").startswith((b"+PONG", b"-LOADING")):
                    return self
            except OSError:
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        said = (Path(self.dir.name) / "log").read_text(errors="replace")[-800:]
        self.__exit__()
        raise SystemExit(f"{self.name} ({self.binary}) did not start:\n{said}")

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        self.dir.cleanup()

    def connect(self):
        """A new connection to the server."""
        return socket.create_connection(("127.0.0.1", self.port), 60)

    def ask(self, command):
        """Sends one inline command and returns what has come of the reply when its first part is there."""
        with self.connect() as link:
            link.sendall(command.encode() + b"\r\n")
            return link.recv(65536)

    def cpu_seconds(self):
        """Processor time, user and system, that the server has used since its start."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK_HZ

    def resident_bytes(self):
        """The resident set."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def load(self, keys, value_bytes):
        """Sets keys key:000000000000 and on, the names that redis-benchmark uses, through one pipelined connection."""
        value = b"x" * value_bytes
        request = b"*3\r\n$3\r\nSET\r\n$16\r\nkey:%%012d\r\n$%d\r\n%s\r\n" % (value_bytes, value)
        batch = 5000
        with self.connect() as link:
            for first in range(0, keys, batch):
                count = min(batch, keys - first)
                link.sendall(b"".join(request % number for number in range(first, first + count)))
                want = len(b"+OK\r\n") * count
                while want > 0:
                    part = link.recv(want)
                    if not part or b"-" in part:
                        raise SystemExit(f"{self.name}: loading failed: {part[:200]!r}")
                    want -= len(part)

    def add(self, command, key, width, words):
        """Adds elements of `width` words each to a collection, many in one command."""
        words = iter(words)
        chunks = iter(lambda: list(itertools.islice(words, 500 * width)), [])
        self.run(([command, key, *chunk] for chunk in chunks), 10)

    def run(self, commands, batch=1000):
        """Sends commands, a batch at a time; none may fail."""
        commands = iter(commands)
        with self.connect() as link, link.makefile("rb") as replies:
            while chunk := list(itertools.islice(commands, batch)):
                link.sendall(b"".join(map(request, chunk)))
                for command in chunk:
                    reply = read_reply(replies)
                    if isinstance(reply, ValueError):
                        raise SystemExit(f"{self.name}: {command[0].decode()} failed: {reply}")

    def number(self, field):
        """One of INFO's numbers."""
        with self.connect() as link, link.makefile("rb") as replies:
            link.sendall(b"INFO everything\r\n")
            text = replies.read(int(replies.readline()[1:])).decode()
        return int(re.search(rf"^{field}:(\d+)", text, re.M)[1])

    def version(self):
        """The first line of `--version`."""
        said = subprocess.run([self.binary, "--version"], capture_output=True, text=True, check=False)
        line = (said.stdout.splitlines() or ["unknown"])[0]
        found = re.search(r"v=(\S+)", line)
        return found[1] if found else line.removeprefix("nyala ")
