"""Questions to other systems and events told to them, as Prometheus scrapes them."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from acd.observability.metrics import MetricsExporter
from acd.ports import Asked, DataFigures, HookFigures, HostFigures

FIGURES = DataFigures(
    (0.1, 1.0),
    (Asked("169/cek", "api", "ok", cached=False, count=7), Asked("169/cek", "api", "ok", cached=True, count=2)),
    (HostFigures("api", "half_open", (4, 2, 1), 3.5),),
    (HookFigures("crm", delivered=5, failed=3, lost=1, waiting=2),),
)


def scrape(figures: DataFigures) -> dict[tuple[str, ...], float]:
    body, _type = MetricsExporter(lambda: None, data=lambda: figures).render("")
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
        if sample.name.startswith("acd_")
    }


def test_questions_latency_breakers_and_webhooks_are_what_was_counted() -> None:
    assert scrape(FIGURES) == {
        ("acd_data_requests_total", "false", "api", "169/cek", "ok"): 7,
        ("acd_data_requests_total", "true", "api", "169/cek", "ok"): 2,
        ("acd_data_request_seconds_bucket", "api", "0.1"): 4,
        ("acd_data_request_seconds_bucket", "api", "1.0"): 6,
        ("acd_data_request_seconds_bucket", "api", "+Inf"): 7,
        ("acd_data_request_seconds_count", "api"): 7,
        ("acd_data_request_seconds_sum", "api"): 3.5,
        ("acd_data_breaker", "api", "closed"): 0,
        ("acd_data_breaker", "api", "half_open"): 1,
        ("acd_data_breaker", "api", "open"): 0,
        ("acd_webhook_events_total", "delivered", "crm"): 5,
        ("acd_webhook_events_total", "lost", "crm"): 1,
        ("acd_webhook_failures_total", "crm"): 3,
        ("acd_webhook_waiting", "crm"): 2,
    }


def test_a_deployment_that_asks_nobody_has_no_such_metrics() -> None:
    assert scrape(DataFigures((), (), (), ())) == {}
