"""A small world behind the API: fakes of what ``acd.app`` gives the web room."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from acd.domain.errors import StoreError
from acd.domain.exits import Exit
from acd.domain.gaps import Gap
from acd.domain.ids import (
    AgentId,
    ContactId,
    Language,
    PromptKey,
    QueueId,
    RecordingName,
    VoicemailId,
)
from acd.domain.orders import Order
from acd.domain.plan import (
    AgentAction,
)
from acd.domain.record import (
    CallbackAttempt,
    CallRecord,
    RecordingRow,
)
from acd.domain.voicemail import Marking, VoicemailRow
from acd.engine.view_shapes import EngineView
from acd.ports import Explanation, RecordFilter, RecordPage, Row, VoicemailFilter, VoicemailPage
from acd.runtime.reloading import Loading
from acd.web.auth import api_tokens
from acd.web.deps import WebDeps, Words
from acd.web.readiness import Readiness
from tests.unit.observability.sample import a_record, a_view, busy_figures

VIEWER = "viewer-token-that-is-long-enough-0001"
AGENT = "agent-token-that-is-long-enough-00001"
SUPERVISOR = "supervisor-token-that-is-long-enough-1"


def bearer(token: str) -> dict[str, str]:
    """Make the header that carries a token."""
    return {"Authorization": f"Bearer {token}"}


@dataclass
class FakeRecords:
    """Records in a list; ``asked`` keeps every filter."""

    rows: list[CallRecord] = field(default_factory=list)
    files: list[RecordingRow] = field(default_factory=list)
    calls: list[CallbackAttempt] = field(default_factory=list)
    asked: list[RecordFilter] = field(default_factory=list)
    messages: dict[VoicemailId, VoicemailRow] = field(default_factory=dict)
    asked_voicemails: list[VoicemailFilter] = field(default_factory=list)
    broken: bool = False
    explained: dict[ContactId, Explanation] = field(default_factory=dict)

    def write(self, items: Iterable[Row]) -> None:
        """Not used."""

    async def page(self, wanted: RecordFilter) -> RecordPage:
        """Give everything at once."""
        self.asked.append(wanted)
        if self.broken:
            raise StoreError("cannot read call records: the disk is gone")
        if wanted.after is not None and wanted.after != "good":
            raise ValueError(wanted.after)
        return RecordPage(tuple(self.rows[: wanted.limit]), "good" if len(self.rows) > wanted.limit else None)

    async def get(self, contact_id: ContactId) -> CallRecord | None:
        """Find by id."""
        if self.broken:
            raise StoreError("cannot read call records: the disk is gone")
        return next((row for row in self.rows if row.contact_id == contact_id), None)

    async def recordings(self, contact_id: ContactId) -> tuple[RecordingRow, ...]:
        """Find by contact."""
        return tuple(row for row in self.files if row.contact_id == contact_id)

    async def attempts(self, contact_id: ContactId) -> tuple[CallbackAttempt, ...]:
        """Find by contact."""
        return tuple(row for row in self.calls if row.contact_id == contact_id)

    async def voicemails(self, wanted: VoicemailFilter) -> VoicemailPage:
        """Give everything at once."""
        self.asked_voicemails.append(wanted)
        if self.broken:
            raise StoreError("cannot read call records: the disk is gone")
        if wanted.after is not None:
            raise ValueError(wanted.after)
        return VoicemailPage(tuple(self.messages.values()), None)

    async def voicemail(self, voicemail_id: VoicemailId) -> VoicemailRow | None:
        """Find by id."""
        if self.broken:
            raise StoreError("cannot read call records: the disk is gone")
        return self.messages.get(voicemail_id)

    async def explanation(self, contact_id: ContactId) -> Explanation:
        """What was given for a contact."""
        if self.broken:
            raise StoreError("cannot read call records: the disk is gone")
        return self.explained.get(contact_id, Explanation((), ()))

    def durable(self) -> bool:
        """Nothing waits."""
        return True

    async def flush(self) -> None:
        """Nothing waits."""


@dataclass
class World:
    """What the fakes know and were asked."""

    view: EngineView | None = field(default_factory=lambda: a_view(busy_figures()))
    records: FakeRecords = field(default_factory=FakeRecords)
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    callback_requests: list[tuple[object, ...]] = field(default_factory=list)
    marks: list[tuple[str, str, str, str]] = field(default_factory=list)
    drains: list[tuple[bool, str]] = field(default_factory=list)
    orders: list[tuple[Order, str, str | None]] = field(default_factory=list)
    folder: Path = Path("/nowhere")
    """Of the recordings."""
    reply: tuple[bool, str] = (True, "")
    readiness: Readiness = field(default_factory=Readiness)
    failure: Exception | None = None
    words: Words = field(
        default_factory=lambda: Words(
            ("makan siang", "rapat"),
            (Language("id"), Language("en")),
            frozenset({PromptKey("darurat")}),
            api_tokens([("viewer/wallboard", VIEWER), ("agent/agent102", AGENT), ("supervisor/rudi", SUPERVISOR)]),
        )
    )
    loading: Loading = field(
        default_factory=lambda: Loading("abc123", 1000.0, {"loaded": 0, "refused": 0, "unchanged": 0})
    )
    gaps: list[Gap] = field(default_factory=list)
    waited: int = 0
    """Answers that waited for the journal."""
    disk: asyncio.Event = field(default_factory=asyncio.Event)
    """Set: what was decided is durable."""

    def __post_init__(self) -> None:
        self.disk.set()
        self.records.rows = [
            replace(a_record(Exit.ANSWERED, 4.0), contact_id=ContactId(f"1763826000.{n}"), ended_at=2000.0 + n)
            for n in range(3)
        ]
        self.records.files = [
            RecordingRow(
                RecordingName("rec-1"), ContactId("1763826000.1"), AgentId("agent101"), 1003.0, 6.5, 104044, 6.5,
                ok=True, problem="",
            )
        ]  # fmt: skip

    async def request(
        self, agent_id: AgentId, action: AgentAction, reason: str = "", *, seconds: float = 0.0, disposition: str = ""
    ) -> tuple[bool, str]:
        """Note the request and answer as told."""
        if self.failure is not None:
            raise self.failure
        self.requests.append((agent_id, action, reason or disposition or (f"{seconds:g}" if seconds else "")))
        return self.reply

    async def request_callback(
        self, number: str, queue: QueueId, language: Language | None, not_before: float | None, not_after: float | None
    ) -> tuple[ContactId | None, str]:
        """Note the request and promise the one callback there is."""
        self.callback_requests.append((number, queue, language, not_before, not_after))
        return (ContactId("callback-1"), "") if self.reply[0] else (None, self.reply[1])

    async def cancel_callback(self, contact_id: ContactId) -> tuple[bool, str]:
        """Note the request and answer as told."""
        self.callback_requests.append((contact_id,))
        return self.reply

    async def order(self, order: Order, by: str, request_id: str | None) -> tuple[bool, str]:
        """Note the order and answer as told."""
        if self.failure is not None:
            raise self.failure
        self.orders.append((order, by, request_id))
        return self.reply

    async def mark_voicemail(self, voicemail: VoicemailId, queue: QueueId, state: Marking, by: str) -> bool:
        """Note the mark, and keep it as the store would."""
        self.marks.append((voicemail, queue, state, by))
        row = self.records.messages[voicemail]
        self.records.messages[voicemail] = replace(row, state=state, by=by, changed_at=2000.0)
        return self.reply[0]

    async def durable(self) -> None:
        """Note that an answer waited for the journal, and let it wait as long as told."""
        self.waited += 1
        await self.disk.wait()

    async def reload(self) -> Loading:
        """Answer as told."""
        return self.loading

    def deps(self, **changes: Any) -> WebDeps:
        """Make what the application is given."""
        made = WebDeps(
            view=lambda: self.view,
            records=self.records,
            request_agent=self.request,
            request_callback=self.request_callback,
            cancel_callback=self.cancel_callback,
            order=self.order,
            mark_voicemail=self.mark_voicemail,
            serves=lambda agent, queue: (agent, queue) == ("agent102", "sales"),
            recording_file=lambda name: self.folder / f"{name}.wav",
            metrics=lambda accept: (b"acd_up 1\n", f"text/plain; accepted={len(accept)}"),
            durable=self.durable,
            active=lambda: True,
            ready=lambda: self.readiness,
            words=lambda: self.words,
            loading=lambda: self.loading,
            reload=self.reload,
            drain=lambda on, by: self.drains.append((on, by)),
            gaps=lambda since, until: tuple(gap for gap in self.gaps if gap.touches(since, until)),
        )
        return replace(made, **changes)
