"""Whatever an event holds, the engine decides: what it does not understand it ignores."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from acd.domain.events import Event, PlanLoaded
from tests.engine_kit import Bench
from tests.unit.store.values import values


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(event=values(Event))
def test_no_events_content_makes_the_engine_raise(event: Event) -> None:
    bench = _busy()
    if not isinstance(event, PlanLoaded):
        bench.engine.handle(event)


def _busy() -> Bench:
    bench = Bench()
    bench.talking()
    bench.queued()
    bench.call()
    return bench
