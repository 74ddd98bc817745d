"""The engine's figures as Prometheus metrics, read from one snapshot per scrape.

Knows views, not the engine. Nothing is counted here and nothing is global: a scrape asks for the view and translates.
A ratio without traffic is absent, because 0 would be a lie. Labels are configuration's words, never a caller or a call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TypeAlias, get_args

from prometheus_client import CollectorRegistry, ProcessCollector, disable_created_metrics, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from acd.domain.callback_plan import AttemptOutcome
from acd.domain.limits import LimitName
from acd.domain.overload import OverloadReason
from acd.engine.kpi import Figures, QueueFigures
from acd.engine.view_shapes import ACTIVITIES, EngineView
from acd.observability import data_metrics, gap_metrics, prompt_metrics, voicemail
from acd.observability.delays import Delays
from acd.observability.gap_metrics import Ledger
from acd.observability.ivr import ivr_metrics
from acd.ports import DataFigures

ATTEMPT_OUTCOMES: tuple[str, ...] = get_args(AttemptOutcome)
OVERLOAD_REASONS: tuple[str, ...] = get_args(OverloadReason)
OFFER_OUTCOMES = ("accepted", "rejected", "timed_out", "rescinded", "failed")


@dataclass(frozen=True, slots=True)
class WriterHealth:
    """How something that writes in the background does (``journal``, ``records``)."""

    name: str
    backlog: int
    errors: int
    lost: int
    failing: bool = False
    spooled: int | None = None
    """Rows on the local disk that wait for the database; None: there is no spool."""
    spool_used: float = 0.0
    """Share of the spool in use, 0 to 1."""


Snapshot: TypeAlias = Callable[[], EngineView | None]
Loads: TypeAlias = Callable[[], Mapping[str, int]]
Health: TypeAlias = Callable[[], Sequence[WriterHealth]]
Data: TypeAlias = Callable[[], DataFigures]
Fallbacks: TypeAlias = Callable[[], Mapping[tuple[str, str], int]]
"""What was heard in place of missing prompts: prompt and how -> how often."""


def no_data() -> DataFigures:
    """Figures of a deployment that asks no other system."""
    return DataFigures((), (), (), ())


class EngineCollector(Collector):
    """Translates one view per scrape; gives nothing of the engine before a plan is loaded."""

    def __init__(
        self,
        snapshot: Snapshot,
        health: Health = tuple,
        delays: Sequence[Delays] = (),
        data: Data = no_data,
        loads: Loads = dict,
        fallbacks: Fallbacks = dict,
        active: Callable[[], bool] | None = None,
        gaps: Ledger | None = None,
    ) -> None:
        self._active = active
        self._gaps = gaps
        self._snapshot = snapshot
        self._health = health
        self._delays = delays
        self._data = data
        self._loads = loads
        self._fallbacks = fallbacks

    def describe(self) -> Iterable[Metric]:
        """Names are not needed at registration: nothing else registers ``acd_`` names."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Make all metrics of this moment."""
        active = self._active is None or self._active()
        if self._active is not None:
            text = "Of two engines: whether this one serves the calls; 0: it is the standby."
            yield GaugeMetricFamily("acd_engine_active", text, value=active)
        view = self._snapshot() if active else None  # the other engine tells what goes on
        if view is not None:
            yield from _ratios(view.figures)
            yield from _outcomes(view.figures)
            yield from _diverted(view.figures)
            yield from _queue_figures(view.figures)
            yield from _estimates(view.figures)
            yield from _queues_now(view)
            yield from _callbacks(view)
            yield voicemail.voicemails(view)
            yield from _agents(view)
            yield from _trunks(view)
            yield from _calendars(view)
            yield from ivr_metrics(view.ivr)
            yield from _deployment(view)
            yield from (delays.metric() for delays in self._delays)
            if self._gaps is not None:
                yield from gap_metrics.metrics(self._gaps)
        yield from _writers(self._health())
        yield from data_metrics.metrics(self._data())
        if loads := self._loads():
            text = "Attempts to load a new configuration, by outcome."
            yield _counter("acd_plan_loads", text, loads.items(), "outcome")
        yield from prompt_metrics.metrics(self._fallbacks())


class MetricsExporter:
    """What ``/metrics`` answers with."""

    def __init__(
        self,
        snapshot: Snapshot,
        health: Health = tuple,
        delays: Sequence[Delays] = (),
        data: Data = no_data,
        loads: Loads = dict,
        fallbacks: Fallbacks = dict,
        active: Callable[[], bool] | None = None,
        gaps: Ledger | None = None,
    ) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self.registry.register(EngineCollector(snapshot, health, delays, data, loads, fallbacks, active, gaps))
        ProcessCollector(registry=self.registry)

    def render(self, accept: str) -> tuple[bytes, str]:
        """Give the body and its content type: OpenMetrics for those who ask for it, else the plain text format."""
        if "application/openmetrics-text" in accept:
            return openmetrics.generate_latest(self.registry), openmetrics.CONTENT_TYPE_LATEST  # type: ignore[no-untyped-call]
        return generate_latest(self.registry), CONTENT_TYPE_PLAIN_0_0_4


def _gauge(name: str, text: str, values: Iterable[tuple[str, float]], label: str) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values:
        family.add_metric([key], value)
    return family


def _counter(name: str, text: str, values: Iterable[tuple[str, float]], label: str) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=[label])
    for key, value in values:
        family.add_metric([key], value)
    return family


def _ratios(figures: Figures) -> Iterator[Metric]:
    if (success := figures.success_call_ratio) is not None:
        yield GaugeMetricFamily(
            "acd_success_call_ratio", "Success call ratio (form scr-1) since the counters began.", value=success
        )
    if (level := figures.service_level) is not None:
        yield GaugeMetricFamily(
            "acd_service_level_ratio",
            "Service level (form sl-1) over all queues since the counters began.",
            value=level,
        )
    yield _gauge(
        "acd_queue_service_level_ratio",
        "Service level (form sl-1) of the queue since the counters began.",
        [(name, queue.service_level) for name, queue in figures.queues.items() if queue.service_level is not None],
        "queue",
    )


def _diverted(figures: Figures) -> Iterator[Metric]:
    family = CounterMetricFamily(
        "acd_queue_diverted", "Contacts a limit of the queue turned away, by limit.", labels=["queue", "limit"]
    )
    for name, queue in figures.queues.items():
        for limit in get_args(LimitName):
            family.add_metric([name, limit], queue.diverted.get(limit, 0))
    yield family


def _outcomes(figures: Figures) -> Iterator[Metric]:
    yield _counter(
        "acd_contacts", "Contacts by how they ended.", [(e.value, n) for e, n in figures.by_exit.items()], "exit"
    )
    offers = {**dict.fromkeys(OFFER_OUTCOMES, 0), **figures.offers}
    yield _counter("acd_offers", "Offers to agents by outcome.", offers.items(), "outcome")
    attempts = {**dict.fromkeys(ATTEMPT_OUTCOMES, 0), **figures.callback_attempts}
    yield _counter("acd_callback_attempts", "Outbound calls of callbacks by outcome.", attempts.items(), "outcome")
    overload = {**dict.fromkeys(OVERLOAD_REASONS, 0), **figures.overload}
    yield _counter("acd_overload_refused", "Call attempts refused for overload, by reason.", overload.items(), "reason")
    yield CounterMetricFamily("acd_callbacks_promised", "Callbacks promised.", value=figures.callbacks_promised)
    yield CounterMetricFamily(
        "acd_places_regained", "Callers who called again and got their place back.", value=figures.places_regained
    )
    yield CounterMetricFamily("acd_fallback_seen", "Callers seen in Asterisk's own queue.", value=figures.fallback_seen)
    yield CounterMetricFamily(
        "acd_fallback_taken_back", "Callers who came back from Asterisk's own queue.", value=figures.taken_back
    )
    checked = [("ok", figures.recordings_ok), ("bad", figures.recordings_bad)]
    yield _counter("acd_recordings", "Recordings checked against the talk time, by outcome.", checked, "outcome")


def _queue_figures(figures: Figures) -> Iterator[Metric]:
    def per_queue(name: str, text: str, value: Callable[[QueueFigures], int]) -> Metric:
        return _counter(name, text, [(q, value(f)) for q, f in figures.queues.items()], "queue")

    yield per_queue("acd_queue_offered", "Contacts offered to the queue, short abandons left out.", lambda f: f.offered)
    yield per_queue("acd_queue_answered", "Contacts of the queue an agent talked with.", lambda f: f.answered)
    yield per_queue(
        "acd_queue_answered_within_target",
        "Contacts of the queue answered within its service-level time.",
        lambda f: f.within_target,
    )
    yield per_queue(
        "acd_queue_abandoned", "Callers who left the queue, not counting short abandons.", lambda f: f.abandoned
    )
    yield per_queue(
        "acd_queue_short_abandoned",
        "Callers who left the queue within its short-abandon time.",
        lambda f: f.short_abandoned,
    )
    waits = HistogramMetricFamily(
        "acd_queue_wait_seconds",
        "Time from entering the first queue to the agent or to the end, of contacts whose last queue this was.",
        labels=["queue"],
    )
    for name, queue in figures.queues.items():
        limits = [*(str(float(bound)) for bound in queue.bounds), "+Inf"]
        waits.add_metric([name], list(zip(limits, accumulate(queue.buckets), strict=True)), queue.wait_sum_s)
    yield waits


def _estimates(figures: Figures) -> Iterator[Metric]:
    scores = [(name, queue.estimates) for name, queue in figures.queues.items()]
    announced = CounterMetricFamily(
        "acd_queue_estimates",
        "Waits announced to callers who then got an agent (answered) or left before (censored).",
        labels=["queue", "outcome"],
    )
    for name, score in scores:
        announced.add_metric([name, "answered"], score.answered_total)
        announced.add_metric([name, "censored"], score.censored_total)
    yield announced
    yield _gauge(
        "acd_queue_estimate_error_mean_seconds",
        "Mean of the wait less the wait announced; positive when callers waited longer. Product-limit estimate.",
        [(name, error) for name, score in scores if (error := score.mean_error_s) is not None],
        "queue",
    )
    yield _gauge(
        "acd_queue_estimate_within_30s_ratio",
        "Share of announced waits that were right within 30 s. Product-limit estimate.",
        [(name, share) for name, score in scores if (share := score.within_ratio) is not None],
        "queue",
    )


def _queues_now(view: EngineView) -> Iterator[Metric]:
    yield _gauge("acd_queue_waiting", "Contacts waiting now.", [(q.id, q.waiting) for q in view.queues], "queue")
    yield _gauge(
        "acd_queue_longest_wait_seconds",
        "How long the contact that waits longest has waited.",
        [(q.id, q.longest_wait_s) for q in view.queues],
        "queue",
    )
    wait = GaugeMetricFamily(
        "acd_queue_estimated_wait_seconds",
        "What somebody who came now would wait for an agent; absent while too little is known.",
        labels=["queue", "language"],
    )
    for queue in view.queues:
        for who in queue.newcomers:
            if who.estimated_wait_s is not None:
                wait.add_metric([queue.id, who.language or ""], who.estimated_wait_s)
    yield wait


def _callbacks(view: EngineView) -> Iterator[Metric]:
    counts = dict.fromkeys(("waiting", "held", "offered", "calling"), 0)
    for callback in view.callbacks:
        counts[callback.state] += 1
    yield _gauge("acd_callbacks", "Callbacks promised and not yet made, by what they are doing.", counts.items(),
                 "state")  # fmt: skip


def _agents(view: EngineView) -> Iterator[Metric]:
    counts = dict.fromkeys(map(str, ACTIVITIES), 0)
    for agent in view.agents:
        counts[agent.activity] += 1
    yield _gauge("acd_agents", "Agents by what they are doing.", counts.items(), "activity")


def _trunks(view: EngineView) -> Iterator[Metric]:
    trunks = view.trunks
    yield _gauge("acd_trunk_channels_in_use", "Channels (SST) in use.", [(t.id, t.in_use) for t in trunks], "trunk")
    yield _gauge(
        "acd_trunk_channels_capacity", "Channels (SST) the trunk has.", [(t.id, t.capacity) for t in trunks], "trunk"
    )
    yield _gauge(
        "acd_trunk_channels_peak", "Most channels (SST) in use at once.", [(t.id, t.peak) for t in trunks], "trunk"
    )
    yield _counter(
        "acd_trunk_blocked",
        "Calls refused because every channel was in use.",
        [(t.id, t.blocked) for t in trunks],
        "trunk",
    )
    yield _gauge("acd_trunk_up", "Whether the trunk is registered and free of alarms.",
                 [(t.id, t.up) for t in trunks], "trunk")  # fmt: skip


def _calendars(view: EngineView) -> Iterator[Metric]:
    yield _gauge(
        "acd_calendar_open",
        "Whether the calendar is open now: hours, holidays, overrides and closures taken together.",
        [(c.id, c.state == "open") for c in view.calendars],
        "calendar",
    )
    yield _gauge(
        "acd_calendar_closed_by_order",
        "Whether a supervisor closed the calendar.",
        [(c.id, c.closure is not None) for c in view.calendars],
        "calendar",
    )


def _deployment(view: EngineView) -> Iterator[Metric]:
    fallen = sum(1 for contact in view.contacts if contact.phase == "fallback")
    yield GaugeMetricFamily("acd_fallback_callers", "Callers in Asterisk's own queue now.", value=fallen)
    yield GaugeMetricFamily("acd_draining", "Whether no calls are taken, by order.", value=view.draining)
    text = "Whether the link to Asterisk is up."
    if view.pbxs:
        family = GaugeMetricFamily("acd_link_up", text, labels=["link", "pbx"])
        for pbx, links in view.pbxs:
            family.add_metric(["ari", pbx], links.ari)
            family.add_metric(["ami", pbx], links.ami)
        yield family
        lost = [(pbx, links.lost) for pbx, links in view.pbxs]
        yield _gauge("acd_pbx_lost", "Whether an Asterisk counts as lost: its calls are closed.", lost, "pbx")
    else:
        yield _gauge("acd_link_up", text, [("ari", view.ari_up), ("ami", view.ami_up)], "link")
    yield InfoMetricFamily("acd_plan", "The configuration in force.", value={"version": view.plan_version})


def _writers(writers: Sequence[WriterHealth]) -> Iterator[Metric]:
    if not writers:
        return
    yield _gauge("acd_writer_backlog", "Rows not durable yet.", [(w.name, w.backlog) for w in writers], "writer")
    yield _counter("acd_writer_errors", "Failed attempts to write.", [(w.name, w.errors) for w in writers], "writer")
    yield _counter("acd_writer_lost", "Rows that could not be kept.", [(w.name, w.lost) for w in writers], "writer")
    text = "Whether the last attempt to write failed or was slow."
    yield _gauge("acd_writer_failing", text, [(w.name, float(w.failing)) for w in writers], "writer")
    spools = [w for w in writers if w.spooled is not None]
    text = "Rows in the spool on disk, waiting for the database."
    yield _gauge("acd_writer_spooled", text, [(w.name, w.spooled or 0) for w in spools], "writer")
    text = "Share of the spool in use."
    yield _gauge("acd_writer_spool_used_ratio", text, [(w.name, w.spool_used) for w in spools], "writer")
