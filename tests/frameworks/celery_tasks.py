"""Celery: broker and result backend. The worker runs in a process of its own."""

import os
import subprocess
import sys
import time

from celery import Celery, chain, chord, group

URL = f"redis://127.0.0.1:{os.environ['PORT']}"
app = Celery("tasks", broker=f"{URL}/0", backend=f"{URL}/1")
app.conf.update(task_acks_late=True, broker_connection_retry_on_startup=True, result_extended=True)


@app.task(name="add")
def add(one, other):
    return one + other


@app.task(name="total")
def total(numbers):
    return sum(numbers)


@app.task(name="stumble", bind=True, max_retries=3)
def stumble(self, _):
    if self.request.retries < 2:
        raise self.retry(countdown=0.2)
    return self.request.retries


@app.task(name="fail")
def fail():
    raise ValueError("on purpose")


def main():
    arguments = ["-A", "celery_tasks", "worker", "--concurrency=2", "--loglevel=WARNING", "--pool=threads"]
    folder = os.path.dirname(os.path.abspath(__file__))
    worker = subprocess.Popen([sys.executable, "-B", "-m", "celery", *arguments], cwd=folder)
    try:
        results = [add.delay(n, n) for n in range(100)]
        assert [result.get(timeout=60) for result in results] == [2 * n for n in range(100)]
        assert chain(add.s(1, 2), add.s(10)).delay().get(timeout=30) == 13
        assert group(add.s(n, 1) for n in range(10)).delay().get(timeout=30) == list(range(1, 11))
        assert chord((add.s(n, n) for n in range(10)), total.s()).delay().get(timeout=30) == 90
        assert stumble.delay(0).get(timeout=30) == 2
        try:
            fail.delay().get(timeout=30)
            raise AssertionError("the task fails")
        except ValueError:
            pass
        started = time.monotonic()
        assert add.apply_async((1, 1), countdown=1).get(timeout=30) == 2
        assert time.monotonic() - started >= 1
        assert app.control.ping(timeout=5), "the worker answers over publish/subscribe"
    finally:
        worker.terminate()
        worker.wait(timeout=30)


if __name__ == "__main__":
    main()
