"""What of a flow its cases walked."""

from __future__ import annotations

from pathlib import Path

from acd.flows.suite import read_suite, run_suite
from acd.settings import load
from tests.unit.flows.conftest import Workshop

ROOT = Path(__file__).parents[3]


def test_nodes_and_branches_nobody_walked_are_listed(workshop: Workshop) -> None:
    workshop.cases('  a: {steps: [hear: [main], press: "1", expect: {queue: q_umum}]}\n')
    report = workshop.report()
    assert not report.enough
    assert set(report.coverage.missing_nodes) == {"number", "away", "shut", "end", "bye", "over"}
    assert report.coverage.nodes == 10
    missing = set(report.coverage.missing_branches)
    assert {("hours", "closed"), ("hours", "holiday"), ("ask", "2"), ("ask", "*"), ("ask", "failed")} <= missing
    assert {("ask", "invalid"), ("ask", "timeout"), ("wait", "overflow"), ("wait", "#")} <= missing
    assert not {("ask", "1"), ("hours", "open"), ("answer", "next")} & missing


def test_two_ways_to_the_same_node_are_two_branches(workshop: Workshop) -> None:
    workshop.cases("""\
  a: {given: {calendars: {jam_layanan: closed}}, steps: [hear: [closed]]}
  b: {steps: [hear: [main], press: "2", expect: {queue: q_umum}]}
""")
    missing = set(workshop.report().coverage.missing_branches)
    assert ("hours", "holiday") in missing
    assert ("hours", "closed") not in missing
    assert ("ask", "1") in missing
    assert ("ask", "2") not in missing


def test_the_last_try_is_no_further_one(workshop: Workshop) -> None:
    workshop.cases('  a: {steps: [hear: [main], press: "9", hear: [invalid, main], wait: 5s, hear: [bye]]}\n')
    missing = set(workshop.report().coverage.missing_branches)
    assert ("ask", "timeout") in missing
    assert not {("ask", "invalid"), ("ask", "failed")} & missing


def test_the_share_that_must_be_walked_is_the_files_own(workshop: Workshop) -> None:
    path = workshop.cases('  a: {steps: [hear: [main], press: "1", expect: {queue: q_umum}]}\n')
    path.write_text("coverage: 10%\n" + path.read_text())
    assert workshop.report().enough


def test_a_flow_without_cases_counts_as_not_walked_when_all_are_asked_for(workshop: Workshop) -> None:
    settings = workshop.settings()
    reports = run_suite(settings.plan, read_suite(settings, workshop.flows), others=True)
    assert [(r.flow, r.wanted, r.enough) for r in reports if r.flow == "t"] == [("t", None, False)]


def test_the_sample_flows_are_walked_whole_by_their_cases() -> None:
    settings = load(ROOT / "config", ROOT / "ivr_flows", {}, secrets=False)
    reports = run_suite(settings.plan, read_suite(settings, ROOT / "ivr_flows"), others=True)
    assert {report.flow for report in reports} == set(settings.plan.flows)
    for report in reports:
        assert [str(r.failure) for r in report.results if r.failure] == []
        assert (report.coverage.missing_nodes, report.coverage.missing_branches) == ((), ())
