"""Polling a job: what costs little when nothing has changed, and can wait until something has."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.http.etags import ANY_TAG, job_etag, names_tag
from service.runtime.coalescing import RequestCoalescer
from service.runtime.event_broadcast import EventBroadcaster
from service.serializers.jobs import view
from store.db.database import Database
from store.errors import NotFoundError
from store.jobs.events import JobVersion, find_marks
from store.jobs.jobs import JobRecord, find_jobs
from store.jobs.transitions import TransitionRecord, list_transitions


@dataclass(frozen=True)
class _PollQuery:
    job_id: str
    if_none_match: str | None

    def is_of_older_state(self, mark: JobVersion) -> bool:
        """Whether the client wants to see the job, and not only to hear that it knows it."""
        return not names_tag(self.if_none_match, job_etag(mark.event_id))


@dataclass(frozen=True)
class _PollResult:
    mark: JobVersion
    text: bytes | None


class Polls:
    """Answers polls; those that come at once share one look at the database."""

    def __init__(self, database: Database, feeds: EventBroadcaster) -> None:
        self._database = database
        self._feeds = feeds
        self._rendered = ResponseCache()
        self._batches = RequestCoalescer(self._look)

    async def poll(
        self, job_id: str, seconds: float, if_none_match: str | None
    ) -> tuple[str, bytes | None]:
        """The tag of the job's state, and the job as JSON; None if the client knows that state.

        Waits so long for a change if the job has not ended and the client knows no older state; no
        thread is held meanwhile. Raises NotFoundError, StoreUnavailableError.
        """
        if seconds:
            mark = (await self._batches.ask(_PollQuery(job_id, ANY_TAG))).mark
            knows_it = if_none_match is None or names_tag(if_none_match, job_etag(mark.event_id))
            if not mark.status.is_terminal and knows_it:
                await self._feeds.wait(job_id, mark.event_id, seconds)
        answer = await self._batches.ask(_PollQuery(job_id, if_none_match))
        return job_etag(answer.mark.event_id), answer.text

    def _look(self, questions: Sequence[_PollQuery]) -> list[_PollResult | Exception]:
        # Marks first: a job that is newer than its mark is read once too often, at worst.
        with self._database.reading() as session:
            marks = find_marks(session, {question.job_id for question in questions})
        texts = self._find_texts(_wanted(questions, marks))
        return [_answer(question, marks, texts) for question in questions]

    def _find_texts(self, wanted: Mapping[str, JobVersion]) -> dict[str, bytes | Exception]:
        """The jobs in these states as JSON, from memory or else from the database."""
        texts: dict[str, bytes | Exception] = {}
        for job_id, mark in wanted.items():
            text = self._rendered.find(job_id, mark)
            if text is not None:
                texts[job_id] = text
        missing = wanted.keys() - texts.keys()
        if missing:
            with self._database.reading() as session:
                jobs, transitions = find_jobs(session, missing), list_transitions(session, *missing)
            for job_id, job in jobs.items():
                texts[job_id] = self._render(job, transitions[job_id], wanted[job_id])
        return texts

    def _render(
        self, job: JobRecord, transitions: Sequence[TransitionRecord], mark: JobVersion
    ) -> bytes | Exception:
        try:
            text = view(job, transitions).model_dump_json().encode()
        except Exception as error:  # noqa: BLE001 - one job that cannot be shown hides no other
            return error
        self._rendered.keep(job.id, mark, text)
        return text


def _wanted(
    questions: Sequence[_PollQuery], marks: Mapping[str, JobVersion]
) -> dict[str, JobVersion]:
    """The jobs of which somebody wants more than the mark, and their marks."""
    return {
        question.job_id: mark
        for question in questions
        if (mark := marks.get(question.job_id)) and question.is_of_older_state(mark)
    }


def _answer(
    question: _PollQuery, marks: Mapping[str, JobVersion], texts: Mapping[str, bytes | Exception]
) -> _PollResult | Exception:
    mark = marks.get(question.job_id)
    if mark is None:
        return NotFoundError("job", question.job_id)
    if not question.is_of_older_state(mark):
        return _PollResult(mark, None)
    text = texts[question.job_id]
    return text if isinstance(text, Exception) else _PollResult(mark, text)


KEPT_ANSWERS = 64


class ResponseCache:
    """The last answers about jobs, each with the mark of the state that it shows.

    For one thread at a time.
    """

    def __init__(self) -> None:
        self._answers: OrderedDict[str, tuple[JobVersion, bytes]] = OrderedDict()

    def find(self, job_id: str, mark: JobVersion) -> bytes | None:
        """The answer that shows this state of the job, if it is kept."""
        kept, answer = self._answers.get(job_id, (None, None))
        return answer if kept == mark else None

    def keep(self, job_id: str, mark: JobVersion, answer: bytes) -> None:
        """Keep an answer instead of the job's last one, and of the one kept longest."""
        self._answers[job_id] = (mark, answer)
        self._answers.move_to_end(job_id)
        if len(self._answers) > KEPT_ANSWERS:
            self._answers.popitem(last=False)
