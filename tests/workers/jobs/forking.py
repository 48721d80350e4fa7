"""Workers that are there at once, for `kill -9`: `python -m tests.workers.jobs.forking`, settings from the environment.

Each line on stdin forks a real worker process and answers with its process id; all code is imported before. Leases and
pauses are short, since what is proven does not depend on how long they are.
"""

import asyncio
import os
import signal
import sys
from datetime import timedelta

import workers.invoices  # noqa: F401  # declares the jobs
from domain.jobs import lifecycle
from tenants.settings import settings
from workers import queues
from workers.process import WorkerProcess

lifecycle.HAND_OVER_AGAIN = timedelta(seconds=0.5)
queues._BEGUN_SECONDS = 1


async def work() -> None:
    """Until killed."""
    WorkerProcess(settings(), background={}).start()
    await asyncio.Event().wait()


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
            asyncio.run(work())
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
