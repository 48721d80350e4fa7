"""What Prometheus is told by a worker: what its queues hold, what it did."""

from prometheus_client import Counter, Histogram

JOBS_ENDED = Counter(
    "chargecars_job_attempts",
    "Attempts of jobs, by how they ended: done, failed, later, interrupted, lost, cancelled.",
    ("queue", "job", "outcome"),
)
JOB_SECONDS = Histogram(
    "chargecars_job_seconds",
    "Duration of attempts of jobs.",
    ("queue",),
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600),
)
TASKS_RESTARTED = Counter(
    "chargecars_worker_tasks_restarted", "Tasks of a worker that fell and were begun again.", ("task",)
)
