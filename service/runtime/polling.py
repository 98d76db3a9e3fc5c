"""Polling of jobs: conditional requests, long polling, and a cache of responses."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.http.etags import ANY_TAG, job_etag, names_tag
from service.runtime.coalescing import RequestCoalescer
from service.runtime.event_broadcast import EventBroadcaster
from service.serializers.jobs import view
from store.db.database import Database
from store.errors import NotFoundError
from store.jobs.events import JobVersion, find_job_versions
from store.jobs.jobs import JobRecord, find_jobs
from store.jobs.transitions import TransitionRecord, list_transitions
from store.statuses import TRAINING


@dataclass(frozen=True)
class _PollQuery:
    job_id: str
    if_none_match: str | None

    def needs_body(self, version: JobVersion) -> bool:
        """Whether the client does not have this version of the job."""
        return not names_tag(self.if_none_match, job_etag(version.event_id))


@dataclass(frozen=True)
class _PollResult:
    version: JobVersion
    text: bytes | None


class Polls:
    """Answers polls; concurrent ones share one query of the database."""

    def __init__(self, database: Database, feeds: EventBroadcaster) -> None:
        self._database = database
        self._feeds = feeds
        self._cache = ResponseCache()
        self._queries = RequestCoalescer(self._answer_all)

    async def poll(
        self, job_id: str, seconds: float, if_none_match: str | None
    ) -> tuple[str, bytes | None]:
        """Return the job's ETag and the job as JSON; None if the client has that version.

        Waits up to `seconds` for a change, unless the job has ended or the client has an older
        version; no thread is blocked meanwhile. Raises NotFoundError, StoreUnavailableError.
        """
        if seconds:
            version = (await self._queries.ask(_PollQuery(job_id, ANY_TAG))).version
            is_current = if_none_match is None or names_tag(
                if_none_match, job_etag(version.event_id)
            )
            if not version.status.is_terminal and is_current:
                await self._feeds.wait(job_id, version.event_id, seconds)
        answer = await self._queries.ask(_PollQuery(job_id, if_none_match))
        return job_etag(answer.version.event_id), answer.text

    def _answer_all(self, questions: Sequence[_PollQuery]) -> list[_PollResult | Exception]:
        # Versions first: at worst a job is newer than its version, and is read once too often.
        with self._database.reading() as session:
            job_ids = {question.job_id for question in questions}
            versions = find_job_versions(session, job_ids, TRAINING)
        texts = self._find_texts(_select_outdated(questions, versions))
        return [_make_result(question, versions, texts) for question in questions]

    def _find_texts(self, wanted: Mapping[str, JobVersion]) -> dict[str, bytes | Exception]:
        """Return these versions of the jobs as JSON, from the cache or the database."""
        texts: dict[str, bytes | Exception] = {}
        for job_id, version in wanted.items():
            text = self._cache.find(job_id, version)
            if text is not None:
                texts[job_id] = text
        missing = wanted.keys() - texts.keys()
        if missing:
            with self._database.reading() as session:
                jobs = find_jobs(session, missing, TRAINING)
                transitions = list_transitions(session, *missing)
            for job_id, job in jobs.items():
                texts[job_id] = self._render(job, transitions[job_id], wanted[job_id])
        return texts

    def _render(
        self, job: JobRecord, transitions: Sequence[TransitionRecord], version: JobVersion
    ) -> bytes | Exception:
        try:
            text = view(job, transitions).model_dump_json().encode()
        except Exception as error:  # noqa: BLE001 - must not affect other jobs
            return error
        self._cache.keep(job.id, version, text)
        return text


def _select_outdated(
    questions: Sequence[_PollQuery], versions: Mapping[str, JobVersion]
) -> dict[str, JobVersion]:
    """Return the versions of the jobs that some client does not have yet."""
    return {
        question.job_id: version
        for question in questions
        if (version := versions.get(question.job_id)) and question.needs_body(version)
    }


def _make_result(
    question: _PollQuery, versions: Mapping[str, JobVersion], texts: Mapping[str, bytes | Exception]
) -> _PollResult | Exception:
    version = versions.get(question.job_id)
    if version is None:
        return NotFoundError("job", question.job_id)
    if not question.needs_body(version):
        return _PollResult(version, None)
    text = texts[question.job_id]
    return text if isinstance(text, Exception) else _PollResult(version, text)


MAX_CACHED_RESPONSES = 64


class ResponseCache:
    """The latest response per job, with the version of the job that it shows.

    Not thread-safe.
    """

    def __init__(self) -> None:
        self._answers: OrderedDict[str, tuple[JobVersion, bytes]] = OrderedDict()

    def find(self, job_id: str, version: JobVersion) -> bytes | None:
        """Return the cached response for this version of the job, if any."""
        kept, answer = self._answers.get(job_id, (None, None))
        return answer if kept == version else None

    def keep(self, job_id: str, version: JobVersion, answer: bytes) -> None:
        """Cache a response, replacing the job's previous one and evicting the oldest."""
        self._answers[job_id] = (version, answer)
        self._answers.move_to_end(job_id)
        if len(self._answers) > MAX_CACHED_RESPONSES:
            self._answers.popitem(last=False)
