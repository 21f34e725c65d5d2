"""RQ: jobs with results, failures, retries, dependencies and a schedule."""

import os
import sys
from datetime import timedelta

from redis import Redis
from rq import Queue, Retry, SimpleWorker


def double(number):
    return 2 * number


def fail():
    raise ValueError("on purpose")


def fail_once(key):
    client = Redis(port=int(os.environ["PORT"]))
    if client.incr(key) == 1:
        raise ValueError("the first time")
    return "done"


def main():
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import rq_jobs as jobs

    client = Redis(port=int(os.environ["PORT"]))
    queue = Queue(connection=client)
    doubled = [queue.enqueue(jobs.double, n) for n in range(20)]
    failed = queue.enqueue(jobs.fail)
    retried = queue.enqueue(jobs.fail_once, "tries", retry=Retry(max=2))
    behind = queue.enqueue(jobs.double, 21, depends_on=doubled[-1])
    later = queue.enqueue_in(timedelta(seconds=1), jobs.double, 4)
    worker = SimpleWorker([queue], connection=client)
    worker.work(burst=True, with_scheduler=False)
    assert [job.return_value() for job in doubled] == [2 * n for n in range(20)]
    assert behind.return_value() == 42
    assert failed.is_failed and failed.id in queue.failed_job_registry.get_job_ids()
    assert retried.return_value() == "done" and client.get("tries") == b"2"
    assert later.id in queue.scheduled_job_registry.get_job_ids()


if __name__ == "__main__":
    main()
