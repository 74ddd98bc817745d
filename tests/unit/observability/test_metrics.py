"""What Prometheus scrapes is what the view says, under names and types that do not change by accident."""

from __future__ import annotations

from dataclasses import replace

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families

from acd.domain.exits import Exit
from acd.engine.kpi import Figures, count, count_offer, count_recording, new_queue
from acd.engine.view_shapes import ACTIVITIES, EngineView
from acd.observability.delays import of_loop, of_offers
from acd.observability.metrics import MetricsExporter, WriterHealth
from tests.unit.observability.sample import QUEUE, TARGET_S, a_record, a_view, busy_figures

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def scrape(view: EngineView | None, writers: tuple[WriterHealth, ...] = ()) -> Samples:
    body, _type = MetricsExporter(lambda: view, lambda: writers, (of_offers(), of_loop())).render("")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }


def names(samples: Samples) -> set[str]:
    return {name for name, _labels in samples if name.startswith("acd_")}


def test_ratios_and_counters_equal_a_count_by_hand() -> None:
    got = scrape(a_view(busy_figures()))
    # by hand: 2 answered in 4 s and 45 s, 1 abandoned after 30 s, 1 short, 1 blocked, 1 closed, 1 self-service
    assert got["acd_success_call_ratio", ()] == pytest.approx(3 / 5)
    assert got["acd_service_level_ratio", ()] == pytest.approx(1 / 3)
    queue = (("queue", "sales"),)
    assert got["acd_queue_service_level_ratio", queue] == pytest.approx(1 / 3)
    assert got["acd_queue_offered_total", queue] == 3
    assert got["acd_queue_answered_total", queue] == 2
    assert got["acd_queue_answered_within_target_total", queue] == 1
    assert got["acd_queue_abandoned_total", queue] == 1
    assert got["acd_queue_short_abandoned_total", queue] == 1
    assert got["acd_contacts_total", (("exit", "answered"),)] == 2
    assert got["acd_contacts_total", (("exit", "blocked"),)] == 1
    assert got["acd_offers_total", (("outcome", "accepted"),)] == 2
    assert got["acd_recordings_total", (("outcome", "ok"),)] == 2
    assert got["acd_recordings_total", (("outcome", "bad"),)] == 1


def test_the_wait_histogram_has_exactly_the_figures_bounds_cumulated() -> None:
    figures = busy_figures()
    got = scrape(a_view(figures))
    buckets = {dict(labels)["le"]: v for (name, labels), v in got.items() if name == "acd_queue_wait_seconds_bucket"}
    assert [float(b) for b in buckets] == [*figures.queues[QUEUE].bounds, float("inf")]
    assert float(TARGET_S) in [float(b) for b in buckets]
    assert [buckets[le] for le in ("2.0", "5.0", "25.0", "30.0", "45.0", "+Inf")] == [1, 2, 2, 3, 4, 4]
    assert got["acd_queue_wait_seconds_count", (("queue", "sales"),)] == 4
    assert got["acd_queue_wait_seconds_sum", (("queue", "sales"),)] == pytest.approx(81.0)


def test_without_traffic_ratios_are_absent_and_every_exit_and_activity_is_there_as_0() -> None:
    got = scrape(a_view(Figures()))
    assert [n for n in names(got) if n.endswith("_ratio")] == ["acd_ivr_containment_ratio"]
    assert {dict(k)["exit"] for n, k in got if n == "acd_contacts_total"} == {e.value for e in Exit}
    assert {dict(k)["activity"] for n, k in got if n == "acd_agents"} == set(ACTIVITIES)
    queue_only_short = count(Figures(), a_record(Exit.SHORT_ABANDONED, wait=1.0), TARGET_S)
    assert [n for n in names(scrape(a_view(queue_only_short))) if n.endswith("_ratio")] == ["acd_ivr_containment_ratio"]


def test_what_is_now_comes_from_the_view() -> None:
    writers = (
        WriterHealth("journal", 3, 2, 1),
        WriterHealth("records", 0, 9, 0, failing=True, spooled=12, spool_used=0.25),
    )
    got = scrape(a_view(busy_figures()), writers)
    assert got["acd_queue_waiting", (("queue", "sales"),)] == 2
    assert got["acd_queue_longest_wait_seconds", (("queue", "sales"),)] == 12.5
    assert got["acd_agents", (("activity", "talking"),)] == 1
    trunk = (("trunk", "e1"),)
    assert got["acd_trunk_channels_in_use", trunk] == 7
    assert got["acd_trunk_channels_capacity", trunk] == 30
    assert got["acd_trunk_channels_peak", trunk] == 30
    assert got["acd_trunk_blocked_total", trunk] == 1
    assert got["acd_trunk_up", trunk] == 1
    for name, values in (("acd_calendar_open", (1, 0)), ("acd_calendar_closed_by_order", (0, 1))):
        assert tuple(got[name, (("calendar", calendar),)] for calendar in ("kantor", "loket")) == values
    assert got["acd_link_up", (("link", "ari"),)] == 1
    assert got["acd_link_up", (("link", "ami"),)] == 0
    assert got["acd_plan_info", (("version", "abc123"),)] == 1
    assert got["acd_writer_backlog", (("writer", "journal"),)] == 3
    assert got["acd_writer_errors_total", (("writer", "journal"),)] == 2
    assert got["acd_writer_lost_total", (("writer", "journal"),)] == 1
    assert [got["acd_writer_failing", (("writer", name),)] for name in ("journal", "records")] == [0, 1]
    assert got["acd_writer_spooled", (("writer", "records"),)] == 12
    assert got["acd_writer_spool_used_ratio", (("writer", "records"),)] == 0.25
    assert ("acd_writer_spooled", (("writer", "journal"),)) not in got


def test_announced_waits_are_scored_and_what_is_unknown_is_absent() -> None:
    got = scrape(a_view(busy_figures()))
    queue = ("queue", "sales")
    assert got["acd_queue_estimates_total", (("outcome", "answered"), queue)] == 2
    assert got["acd_queue_estimates_total", (("outcome", "censored"), queue)] == 1
    assert got["acd_queue_estimate_error_mean_seconds", (queue,)] == 20
    assert got["acd_queue_estimate_within_30s_ratio", (queue,)] == 0.5
    waits = {key: value for (name, key), value in got.items() if name == "acd_queue_estimated_wait_seconds"}
    assert waits == {(("language", "id"), queue): 95}
    assert "acd_queue_estimate_error_mean_seconds" not in names(scrape(a_view(Figures())))


def test_the_names_are_a_contract() -> None:
    got = scrape(a_view(busy_figures()), (WriterHealth("journal", 0, 0, 0, spooled=0),))
    assert names(got) == {
        "acd_ivr_consents_total",
        "acd_ivr_refused_total",
        "acd_survey_answers_total",
        "acd_ivr_containment_ratio",
        "acd_ivr_exits_total",
        "acd_ivr_expression_errors_total",
        "acd_ivr_misdials_total",
        "acd_ivr_no_input_total",
        "acd_ivr_node_visits_total",
        "acd_queue_diverted_total",
        "acd_agents",
        "acd_calendar_closed_by_order",
        "acd_calendar_open",
        "acd_callback_attempts_total",
        "acd_callbacks",
        "acd_callbacks_promised_total",
        "acd_contacts_total",
        "acd_link_up",
        "acd_loop_delay_seconds_bucket",
        "acd_loop_delay_seconds_count",
        "acd_loop_delay_seconds_sum",
        "acd_overload_refused_total",
        "acd_offer_delay_seconds_bucket",
        "acd_offer_delay_seconds_count",
        "acd_offer_delay_seconds_sum",
        "acd_offers_total",
        "acd_places_regained_total",
        "acd_fallback_seen_total",
        "acd_fallback_taken_back_total",
        "acd_fallback_callers",
        "acd_draining",
        "acd_plan_info",
        "acd_queue_abandoned_total",
        "acd_queue_answered_total",
        "acd_queue_answered_within_target_total",
        "acd_queue_estimate_error_mean_seconds",
        "acd_queue_estimate_within_30s_ratio",
        "acd_queue_estimated_wait_seconds",
        "acd_queue_estimates_total",
        "acd_queue_longest_wait_seconds",
        "acd_queue_offered_total",
        "acd_queue_service_level_ratio",
        "acd_queue_short_abandoned_total",
        "acd_queue_wait_seconds_bucket",
        "acd_queue_wait_seconds_count",
        "acd_queue_wait_seconds_sum",
        "acd_queue_waiting",
        "acd_recordings_total",
        "acd_service_level_ratio",
        "acd_success_call_ratio",
        "acd_trunk_blocked_total",
        "acd_trunk_channels_capacity",
        "acd_trunk_channels_in_use",
        "acd_trunk_channels_peak",
        "acd_trunk_up",
        "acd_writer_backlog",
        "acd_writer_errors_total",
        "acd_writer_failing",
        "acd_writer_lost_total",
        "acd_writer_spool_used_ratio",
        "acd_writer_spooled",
    }


def test_labels_never_hold_a_caller_or_a_call() -> None:
    got = scrape(a_view(busy_figures()))
    labels = {key for name, pairs in got if name.startswith("acd_") for key, _value in pairs}
    assert labels == {
        "calendar", "limit",
        "flow",
        "node",
        "question",
        "value",
        "why",
        "queue", "language", "trunk", "outcome", "exit", "state", "activity", "link", "version", "le", "reason",
    }  # fmt: skip


def test_before_a_plan_is_loaded_there_are_only_the_writers() -> None:
    got = scrape(None, (WriterHealth("journal", 0, 0, 0),))
    assert names(got) == {
        "acd_writer_backlog", "acd_writer_errors_total", "acd_writer_lost_total", "acd_writer_failing",
    }  # fmt: skip


def test_open_metrics_is_given_to_those_who_ask_and_parses() -> None:
    exporter = MetricsExporter(lambda: a_view(busy_figures()))
    body, content_type = exporter.render("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.1")
    assert content_type.startswith("application/openmetrics-text")
    families = {f.name: f.type for f in parse_openmetrics(body.decode())}  # type: ignore[no-untyped-call]
    assert families["acd_contacts"] == "counter"
    assert families["acd_queue_wait_seconds"] == "histogram"
    assert b"_created" not in body
    for accept in ("", "*/*", "text/html;version=abc", "\x00", "text/plain;version=99;escaping=x"):
        body, content_type = exporter.render(accept)
        assert content_type.startswith("text/plain")
        assert b"# EOF" not in body
        assert b"_created" not in body


def test_two_exporters_do_not_know_of_each_other() -> None:
    one = MetricsExporter(lambda: a_view(busy_figures()))
    other = MetricsExporter(lambda: a_view(Figures()))
    assert b"acd_success_call_ratio" in one.render("")[0]
    assert b"acd_success_call_ratio" not in other.render("")[0]


def test_label_values_an_operator_could_choose_do_not_break_the_format() -> None:
    view = a_view(Figures(queues={QUEUE: new_queue(20.0)}))
    odd = replace(view.queues[0], id='a"b\\c\nd')  # type: ignore[arg-type]
    got = scrape(replace(view, queues=(odd,)))
    assert got["acd_queue_waiting", (("queue", 'a"b\\c\nd'),)] == 2


def test_unforeseen_outcomes_of_offers_are_shown_too() -> None:
    figures = count_recording(count_offer(Figures(), "stolen"), ok=True)
    got = scrape(a_view(figures))
    assert got["acd_offers_total", (("outcome", "stolen"),)] == 1
    assert got["acd_offers_total", (("outcome", "rejected"),)] == 0


def test_loads_of_the_configuration_are_counted_by_outcome() -> None:
    body, _type = MetricsExporter(lambda: None, loads=lambda: {"loaded": 2, "refused": 1}).render("")
    assert b'acd_plan_loads_total{outcome="refused"} 1.0' in body
