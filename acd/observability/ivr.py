"""The figures of flows as metrics. Nothing is counted here; labels are flows, nodes and exits, never a caller."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from acd.domain.exits import Exit
from acd.engine.view_shapes import IvrView

CONTAINED = Exit.SELF_SERVICE


def ivr_metrics(view: IvrView) -> Iterator[Metric]:
    """Visits, tries in vain, errors, exits, and the share of contacts that the flows served by themselves."""
    yield _counter("acd_ivr_node_visits", "Times callers came to the node.", ("flow", "node"), view.visits)
    misdials, silences = _split(view.tries)
    yield _counter("acd_ivr_misdials", "Keys that the node has no use for.", ("flow", "node"), misdials)
    yield _counter("acd_ivr_no_input", "Times no key came in time.", ("flow", "node"), silences)
    yield _counter(
        "acd_ivr_expression_errors", "Expressions of the node that had no value.", ("flow", "node"), view.errors
    )
    yield _counter(
        "acd_ivr_exits",
        "Contacts by the node they came to last and how they ended.",
        ("flow", "node", "exit"),
        view.exits,
    )
    yield _counter("acd_ivr_refused", "Callers a gate did not let in.", ("flow", "node", "why"), view.refused)
    yield _counter("acd_ivr_consents", "Answers to a notice.", ("flow", "node", "outcome"), view.consents)
    yield _counter(
        "acd_survey_answers", "Answers to surveys by value.", ("flow", "node", "question", "value"), view.answers
    )
    contained = GaugeMetricFamily(
        "acd_ivr_containment_ratio",
        "Share of contacts that ended served by the flow alone (exit self_service), by the flow they came to last.",
        labels=["flow"],
    )
    for flow, (served, all_) in _containment(view.exits).items():
        contained.add_metric([flow], served / all_)
    yield contained


def _counter(name: str, text: str, labels: tuple[str, ...], values: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for key, value in values.items():
        family.add_metric(key.split(" "), value)
    return family


def _split(tries: Mapping[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    misdials: dict[str, int] = {}
    silences: dict[str, int] = {}
    for key, value in tries.items():
        where, _, why = key.rpartition(" ")
        (misdials if why == "invalid" else silences)[where] = value
    return misdials, silences


def _containment(exits: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    totals: dict[str, tuple[int, int]] = {}
    for key, value in exits.items():
        flow, _, why = key.split(" ")
        served, all_ = totals.get(flow, (0, 0))
        totals[flow] = (served + (value if why == CONTAINED else 0), all_ + value)
    return totals
