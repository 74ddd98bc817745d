from __future__ import annotations

from collections.abc import Iterable

import pytest
from structlog.testing import capture_logs

from acd.domain.gaps import Gap, GapEnd
from acd.domain.ids import PbxId
from acd.ports import Row
from acd.runtime.gaps import GapLedger


class Desk:
    """A ledger, its time and what it wrote."""

    def __init__(self) -> None:
        self.at = 1000.0
        self.rows: list[Row] = []
        self.ledger = GapLedger(self, self._write)

    def now(self) -> float:
        return self.at

    def _write(self, rows: Iterable[Row]) -> None:
        self.rows.extend(rows)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_gap_is_written_when_it_begins_and_when_it_ends(desk: Desk) -> None:
    with capture_logs() as logs:
        desk.ledger.open("ami", 990.0)
        desk.at = 1005.0
        desk.ledger.close("ami")
    begun, ended = desk.rows
    assert isinstance(begun, Gap)
    assert (begun.kind, begun.began_at, begun.ended_at) == ("ami", 990.0, None)
    assert ended == GapEnd(begun.id, 1005.0)
    assert [log["event"] for log in logs] == ["gap_opened", "gap_closed"]


def test_only_one_of_a_kind_lasts_at_a_time_and_an_end_without_a_begin_is_none(desk: Desk) -> None:
    desk.ledger.close("ari")
    desk.ledger.open("ari", 990.0)
    desk.ledger.open("ari", 995.0)
    desk.ledger.open("ami", 996.0)
    assert desk.ledger.lasting() == {"ari", "ami"}
    desk.ledger.close("ari")
    desk.ledger.close("ari")
    assert [type(row) for row in desk.rows] == [Gap, Gap, GapEnd]
    assert desk.ledger.lasting() == {"ami"}


def test_a_figure_is_touched_by_a_gap_that_lies_in_its_time_even_in_part(desk: Desk) -> None:
    desk.ledger.note("clock", 100.0, 200.0, "by +3600 s")
    (gap,) = desk.ledger.touching(None, None)
    assert gap.missing.endswith("(by +3600 s)")
    for since, until in ((150.0, None), (None, 150.0), (200.0, 300.0), (0.0, 100.5)):
        assert desk.ledger.touching(since, until) == (gap,)
    for since, until in ((201.0, None), (None, 100.0)):
        assert desk.ledger.touching(since, until) == ()
    desk.ledger.open("ari", 900.0)
    assert [gap.kind for gap in desk.ledger.touching(5000.0, None)] == ["ari"], "it lasts"


def test_each_of_several_asterisks_has_gaps_of_its_own(desk: Desk) -> None:
    desk.ledger.open("ari", 100.0, pbx=PbxId("a"))
    desk.ledger.open("ari", 100.0, pbx=PbxId("b"))
    desk.ledger.close("ari", pbx=PbxId("a"))
    assert [(gap.id, gap.missing[-6:], gap.ended_at is None) for gap in desk.ledger.touching(None, None)] == [
        ("ari-a-100.000", "(at a)", False),
        ("ari-b-100.000", "(at b)", True),
    ]
    assert desk.ledger.lasting() == {"ari"}


def test_an_end_is_never_before_its_begin(desk: Desk) -> None:
    desk.ledger.note("engine", 500.0, 400.0)
    (gap,) = desk.ledger.touching(None, None)
    assert (gap.began_at, gap.ended_at) == (500.0, 500.0)


def test_gaps_of_former_lives_are_kept_and_those_that_lasted_ended_when_their_engine_did(desk: Desk) -> None:
    desk.ledger.open("ari", 950.0)
    old = Gap("ami-1.000", "ami", 1.0, 2.0, "")
    lasted = Gap("ari-900.000", "ari", 900.0, None, "")
    (ours,) = desk.ledger.touching(None, None)
    desk.rows.clear()
    desk.ledger.adopt([lasted, ours, old], over_at=940.0)
    assert desk.rows == [GapEnd(lasted.id, 940.0)]
    assert [gap.id for gap in desk.ledger.touching(None, None)] == [old.id, lasted.id, ours.id]
    desk.ledger.close("ari")
    assert desk.rows[1:] == [GapEnd(ours.id, 1000.0)]


def test_all_of_a_kind_are_counted_and_their_seconds_up_to_now(desk: Desk) -> None:
    desk.ledger.note("ami", 100.0, 110.0)
    desk.ledger.open("ami", 990.0)
    assert desk.ledger.counts()["ami"] == 2
    assert desk.ledger.seconds()["ami"] == 20.0
    assert desk.ledger.counts()["clock"] == desk.ledger.seconds()["clock"] == 0
