"""Prints the memory that an element of each type takes, on Nyala and its peers; `python3 benches/peers/memory.py`.

Each type once in many small keys of ten elements and once in one large key. What counts is the growth of INFO's
used_memory, which each server reads from its allocator, divided by the elements: of small keys the key is in it.

Environment:
  PEERS   "name=/path/to/server ..." beside the installed redis-server, which is the baseline
  NYALA   Nyala's binary (default target/release/nyala)
  TYPES   "hash set zset list stream ...", or some of them (default all)
  QUICK=1 a short check that everything works: a fiftieth of the elements
"""

import os
import random
import sys
import time

from servers import Server, binaries

SMALL_KEYS, SMALL_LENGTH = (2_000, 10) if os.environ.get("QUICK") else (100_000, 10)
LARGE_LENGTH = 20_000 if os.environ.get("QUICK") else 1_000_000
LIMIT = 0.9


def text(number):
    """A text of five to fourteen letters, no number, the same on every run."""
    return b"t%x" % (random.Random(number).getrandbits(52) >> (number * 7 % 10 * 4))


# The command that adds elements, and the words of the n-th one.
TYPES = {
    "hash": (b"HSET", lambda n: (b"field:%d" % n, b"value:%d" % n)),
    "hash of numbers": (b"HSET", lambda n: (b"field:%d" % n, b"%d" % (n * 37))),
    "set": (b"SADD", lambda n: (b"member:%d" % n,)),
    "set of numbers": (b"SADD", lambda n: (b"%d" % (n * 37),)),
    "zset": (b"ZADD", lambda n: (b"%d" % (n * 37), b"member:%d" % n)),
    "zset with fractions": (b"ZADD", lambda n: (b"%.3f" % (n * 0.37), b"member:%d" % n)),
    "list": (b"RPUSH", lambda n: (b"element:%d" % n,)),
    "list of numbers": (b"RPUSH", lambda n: (b"%d" % (n * 37),)),
    "list of any texts": (b"RPUSH", lambda n: (text(n),)),
    "stream": (b"XADD", lambda n: (b"sensor", b"%d" % (n % 100), b"value", b"%d" % (n * 37 % 1000))),
}


def small(command, element):
    """The commands that make many small keys."""
    for key in range(SMALL_KEYS):
        numbers = range(key * SMALL_LENGTH, (key + 1) * SMALL_LENGTH)
        name = b"key:%d" % key
        if command == b"XADD":
            yield from ([command, name, b"%d-0" % (1_700_000_000_000 + n), *element(n)] for n in numbers)
        else:
            yield [command, name, *(word for n in numbers for word in element(n))]


def large(command, element):
    """The commands that make one large key."""
    step = 1 if command == b"XADD" else 100
    for first in range(0, LARGE_LENGTH, step):
        identity = [b"%d-0" % (1_700_000_000_000 + first * 7)] if command == b"XADD" else []
        yield [command, b"large", *identity, *(word for n in range(first, first + step) for word in element(n))]


def bytes_per_element(name, binary, commands, elements):
    """Growth of a fresh server's used memory for each element."""
    with Server(name, binary) as server:
        time.sleep(0.3)
        before = server.number("used_memory")
        server.run(commands, 200)
        # Gauges may lag behind by a tick, and buffers of the loading connection go.
        time.sleep(1.5)
        return (server.number("used_memory") - before) / elements


def main():
    found = binaries()
    names = list(found)
    wanted = os.environ.get("TYPES", " ".join(TYPES)).split()
    shapes = [(f"small, {SMALL_KEYS:,} keys of {SMALL_LENGTH}", small, SMALL_KEYS * SMALL_LENGTH)]
    shapes.append((f"large, one key of {LARGE_LENGTH:,}", large, LARGE_LENGTH))
    print("| type | shape | " + " | ".join(f"{name} B" for name in names) + " | " + " | ".join(f"{name} ratio" for name in names[1:]) + " |")
    print("|---|---|" + "---:|" * (2 * len(names) - 1))
    above = []
    for kind, (command, element) in TYPES.items():
        if kind.split()[0] not in wanted:
            continue
        for shape, make, elements in shapes:
            taken = [bytes_per_element(name, path, make(command, element), elements) for name, path in found.items()]
            ratios = [each / taken[0] for each in taken[1:]]
            cells = [kind, shape, *(f"{each:.1f}" for each in taken), *(f"{ratio:.2f}x" for ratio in ratios)]
            print("| " + " | ".join(cells) + " |", flush=True)
            if ratios[names[1:].index("nyala")] > LIMIT:
                above.append(f"{kind}, {shape}")
    if above:
        print(f"\nnyala above {LIMIT}x of {names[0]}: " + "; ".join(above), file=sys.stderr)


if __name__ == "__main__":
    main()
