"""Work that goes on in the background: how far it is, what failed, and what becomes of that."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry.scalars import JSON

from api.context import Info
from api.enums import described
from api.inputs import key_of
from api.mutations import Payload, mutation
from api.reading import (
    Connection,
    DateTimeFilter,
    EnumFilter,
    Listing,
    Node,
    Sort,
    Source,
    TextFilter,
    column,
    filters,
    match,
    read_connection,
    read_in,
    read_one,
    reads,
    related,
)
from domain.jobs import failures
from domain.jobs.models import FailedJob as FailedJobRow
from domain.jobs.models import FailedJobState, JobState
from domain.jobs.models import Job as JobRow
from domain.rows import find
from tenants.acting import acting_as
from tenants.audience import Audience
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.entities import BusinessEntity
    from api.users import User

EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
UserRef = Annotated["User", strawberry.lazy("api.users")]
_ENTITY = "Of which business entity; none where it is for the whole platform."

described(
    JobState,
    "How far a job is.",
    QUEUED="It waits for its time, a free worker or its next attempt.",
    RUNNING="A worker is at it.",
    DONE="Its work is done.",
    FAILED="It failed in all its attempts, see FailedJob.",
)
described(
    FailedJobState,
    "What became of a failed job.",
    OPEN="Nobody has decided yet.",
    RETRIED="It was asked to run again.",
    DISCARDED="It was left as it is, with a reason.",
)


def _source(listing: Listing, row: Any) -> Source | None:
    """Administrators of one entity walk its index."""
    own = listing.audience is Audience.STAFF and listing.one_entity
    return Source(where=[row.entity_id == listing.actor.entity_id]) if own else None


@reads(JobRow, source=_source)
@strawberry.type(description="Work that goes on in the background. Who asked for it sees how far it is.")
class Job(Node):
    name: str = column("What kind of work, as in `scheduled.tidy_quotes`.")
    queue: str = column("The queue it waits in.")
    state: JobState = column("How far it is.")
    progress: float = column("The part that is done, between 0 and 1, as far as the work tells.")
    progress_text: str = column("What it is at, in words.")
    attempts: int = column("How often it was begun.")
    failures: int = column("How often its work failed.")
    run_at: datetime = column("The time before which it is not begun.")
    created_at: datetime = column("When it was asked for.")
    started_at: datetime | None = column("When it was last begun.")
    finished_at: datetime | None = column("When it was done, or failed for good.")
    entity: EntityRef | None = related(_ENTITY, on=lambda j, e: e.id == j.entity_id)
    requested_by: UserRef | None = related("Who asked for it.", on=lambda j, u: u.id == j.user_id)


@reads(FailedJobRow, audiences=[Audience.STAFF, Audience.SYSTEM], source=_source)
@strawberry.type(description="A job that failed in all its attempts.")
class FailedJob(Node):
    name: str = column("What kind of work.")
    queue: str = column("The queue it was in.")
    arguments: JSON = column("What it was given; what looks like a secret or an address is hidden.")
    attempts: int = column("How often it was begun.")
    error: str = column("The last failure, in one line.")
    log_reference: str = column("To be found in the log, beside the traceback.", name="error_id")
    state: FailedJobState = column("What became of it.")
    reason: str | None = column("Why it was discarded.")
    created_at: datetime = column("When it failed.")
    resolved_at: datetime | None = column("When it was retried or discarded.")
    resolved_by: UserRef | None = related("Who retried or discarded it.", on=lambda f, u: u.id == f.resolved_by)
    job: Job | None = related("The job itself, as long as it is kept.", on=lambda f, j: j.id == f.job_id)
    entity: EntityRef | None = related(_ENTITY, on=lambda f, e: e.id == f.entity_id)


@filters(JobRow)
@strawberry.input(description="Which jobs; all conditions hold together.")
class JobFilter:
    name: TextFilter | None = match("By the kind of work.")
    queue: TextFilter | None = match("By queue.")
    state: EnumFilter[JobState] | None = match("By how far they are.")
    created_at: DateTimeFilter | None = match("By when they were asked for.")
    entity_id: strawberry.ID | None = match("Of this business entity.", node="BusinessEntity")


@filters(FailedJobRow)
@strawberry.input(description="Which failed jobs; all conditions hold together.")
class FailedJobFilter:
    name: TextFilter | None = match("By the kind of work.")
    queue: TextFilter | None = match("By queue.")
    state: EnumFilter[FailedJobState] | None = match("By what became of them.")
    created_at: DateTimeFilter | None = match("By when they failed.")
    entity_id: strawberry.ID | None = match("Of this business entity.", node="BusinessEntity")


JOB_SORT = Sort(JobRow, created_at="When it was asked for.", default="-created_at")
FAILED_JOB_SORT = Sort(FailedJobRow, created_at="When it failed.", default="-created_at")


@strawberry.type
class JobQueries:
    job: Job | None = read_one("One job that you asked for, or of your entity.", requires=Permission.SIGNED_IN)
    jobs: Connection[Job] = read_connection(
        "Jobs of your entity.", filter=JobFilter, order=JOB_SORT, requires=Permission.JOBS_MANAGE
    )
    failed_job: FailedJob | None = read_one("One failed job.", requires=Permission.JOBS_MANAGE)
    failed_jobs: Connection[FailedJob] = read_connection(
        "Failed jobs of your entity.", filter=FailedJobFilter, order=FAILED_JOB_SORT, requires=Permission.JOBS_MANAGE
    )


_AS_IT_IS = "The failed job as it is now."


@strawberry.type(description="What retryFailedJob returns.")
class RetryFailedJobPayload(Payload):
    failed_job: FailedJob | None = strawberry.field(default=None, description=_AS_IT_IS)
    job: Job | None = strawberry.field(default=None, description="The job, which is queued again.")


@strawberry.type(description="What retryFailedJobs returns.")
class RetryFailedJobsPayload(Payload):
    retried: int | None = strawberry.field(default=None, description="How many jobs are queued again.")


@strawberry.type(description="What discardFailedJob returns.")
class DiscardFailedJobPayload(Payload):
    failed_job: FailedJob | None = strawberry.field(default=None, description=_AS_IT_IS)


FailedJobId = Annotated[strawberry.ID, strawberry.argument(description="The failed job.")]
Reason = Annotated[str, strawberry.argument(description="Why, at most 1000 characters; other administrators read it.")]
_Name = Annotated[str | None, strawberry.argument(description="Only this kind of work.")]
_Queue = Annotated[str | None, strawberry.argument(description="Only of this queue.")]


@strawberry.type
class JobMutations:
    @mutation(
        "Lets a failed job run again, as who asked for it, with all its attempts.", requires=Permission.JOBS_MANAGE
    )
    async def retry_failed_job(self, info: Info, id: FailedJobId) -> RetryFailedJobPayload:
        key = key_of("FailedJob", id)
        async with info.context.system() as session:
            async with acting_as(session, info.context.actor):
                await find(session, FailedJobRow, key)
            job_id = await failures.retry(session, key)
            async with acting_as(session, info.context.actor):
                return RetryFailedJobPayload(
                    failed_job=await read_in(session, info, "failed_job", key),
                    job=await read_in(session, info, "job", job_id),
                )

    @mutation("Lets the failed jobs of your entity run again, the oldest 250.", requires=Permission.JOBS_MANAGE)
    async def retry_failed_jobs(self, info: Info, name: _Name = None, queue: _Queue = None) -> RetryFailedJobsPayload:
        async with info.context.system() as session:
            async with acting_as(session, info.context.actor):
                ids = list((await session.execute(failures.open_ones(name, queue).limit(failures.AT_ONCE))).scalars())
            return RetryFailedJobsPayload(retried=await failures.retry_all(session, ids))

    @mutation("Leaves a failed job as it is.", requires=Permission.JOBS_MANAGE)
    async def discard_failed_job(self, info: Info, id: FailedJobId, reason: Reason) -> DiscardFailedJobPayload:
        key = key_of("FailedJob", id)
        async with info.context.system() as session:
            async with acting_as(session, info.context.actor):
                await find(session, FailedJobRow, key)
            await failures.discard(session, key, reason)
            async with acting_as(session, info.context.actor):
                return DiscardFailedJobPayload(failed_job=await read_in(session, info, "failed_job", key))


TYPES = (Job, FailedJob)
