"""redis-py: a lock under contention, pipelines with WATCH, publish/subscribe."""

import os
import threading

import redis

PORT = int(os.environ["PORT"])
WORKERS = 8
ROUNDS = 50


def connect(protocol):
    return redis.Redis(port=PORT, protocol=protocol, decode_responses=True)


def lock_is_held_by_one(protocol):
    client = connect(protocol)
    client.flushall()
    inside, most = [], []

    def work():
        own = connect(protocol)
        for _ in range(ROUNDS):
            with own.lock("lock", timeout=20, sleep=0.001):
                inside.append(1)
                most.append(len(inside))
                count = int(own.get("count") or 0)
                own.set("count", count + 1)
                inside.pop()

    run_all(work)
    assert max(most) == 1, max(most)
    assert int(client.get("count")) == WORKERS * ROUNDS
    lock = client.lock("other", timeout=5)
    assert lock.acquire() and lock.extend(10) and lock.owned()
    lock.release()
    assert not lock.locked()


def transactions_retry_until_nothing_has_changed(protocol):
    client = connect(protocol)
    client.flushall()

    def add(pipe):
        count = int(pipe.get("count") or 0)
        pipe.multi()
        pipe.set("count", count + 1)

    def work():
        own = connect(protocol)
        for _ in range(ROUNDS):
            own.transaction(add, "count")

    run_all(work)
    assert int(client.get("count")) == WORKERS * ROUNDS


def messages_come_in_order(protocol):
    client = connect(protocol)
    pubsub = client.pubsub(ignore_subscribe_messages=True)
    pubsub.subscribe("news")
    pubsub.psubscribe("new*")
    while client.pubsub_numsub("news")[0][1] < 1 or client.pubsub_numpat() < 1:
        pass
    for number in range(100):
        assert client.publish("news", number) == 2
    seen = {"message": [], "pmessage": []}
    while len(seen["message"]) + len(seen["pmessage"]) < 200:
        message = pubsub.get_message(timeout=5)
        if message:
            seen[message["type"]].append(int(message["data"]))
    assert seen["message"] == seen["pmessage"] == list(range(100))
    pubsub.close()


def run_all(work):
    failures = []

    def guarded():
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - reported by the main thread
            failures.append(error)

    threads = [threading.Thread(target=guarded) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


for version in 2, 3:
    lock_is_held_by_one(version)
    transactions_retry_until_nothing_has_changed(version)
    messages_come_in_order(version)
