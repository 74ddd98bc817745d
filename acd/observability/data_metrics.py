"""Questions to other systems and events told to them, as metrics.

Translates figures; counts nothing. Labels are nodes, hosts and webhooks as configured, never what was asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from acd.ports import DataFigures, HookFigures, HostFigures

_STATES = ("closed", "half_open", "open")


def metrics(figures: DataFigures) -> Iterator[Metric]:
    """All of it; nothing of a deployment that asks and tells nobody."""
    if figures.asked or figures.hosts:
        yield _asked(figures)
    if figures.hosts:
        yield _latency(figures)
        yield _breakers(figures.hosts)
    if figures.hooks:
        yield from _hooks(figures.hooks)


def _asked(figures: DataFigures) -> Metric:
    family = CounterMetricFamily(
        "acd_data_requests",
        "Questions of flows to other systems, by outcome; cached ones were answered from memory.",
        labels=["node", "host", "outcome", "cached"],
    )
    for asked in figures.asked:
        family.add_metric([asked.node, asked.host, asked.outcome, str(asked.cached).lower()], asked.count)
    return family


def _latency(figures: DataFigures) -> Metric:
    limits = [*map(str, figures.bounds), "+Inf"]
    family = HistogramMetricFamily(
        "acd_data_request_seconds", "How long a host's answers took, further tries included.", labels=["host"]
    )
    for host in figures.hosts:
        family.add_metric([host.host], list(zip(limits, accumulate(host.buckets), strict=True)), host.seconds)
    return family


def _breakers(hosts: tuple[HostFigures, ...]) -> Metric:
    family = GaugeMetricFamily(
        "acd_data_breaker", "Whether a host is asked (closed), left alone (open) or tried (half_open).",
        labels=["host", "state"],
    )  # fmt: skip
    for host in hosts:
        for state in _STATES:
            family.add_metric([host.host, state], float(host.breaker == state))
    return family


def _hooks(hooks: tuple[HookFigures, ...]) -> Iterator[Metric]:
    events = CounterMetricFamily(
        "acd_webhook_events", "Events told to webhooks, and those given up (lost).", labels=["webhook", "outcome"]
    )
    failures = CounterMetricFamily("acd_webhook_failures", "Attempts that came to nothing.", labels=["webhook"])
    waiting = GaugeMetricFamily("acd_webhook_waiting", "Events that were not told yet.", labels=["webhook"])
    for hook in hooks:
        events.add_metric([hook.hook, "delivered"], hook.delivered)
        events.add_metric([hook.hook, "lost"], hook.lost)
        failures.add_metric([hook.hook], hook.failed)
        waiting.add_metric([hook.hook], hook.waiting)
    yield events
    yield failures
    yield waiting
