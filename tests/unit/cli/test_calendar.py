"""``acd calendar show`` as an operator uses it."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from acd.__main__ import make_app
from acd.settings import loader

ROOT = Path(__file__).parents[3]
OVERRIDES = """    national: ID
    overrides:
      2026-12-24: {open: true, reason: {id: Tetap buka, en: Open all the same}, message: lunch}
      2026-12-28: {closed: true, reason: Tutup buku}
      2026-12-29: {hours: [08:00-10:00, 13:00-15:00]}
    holidays: {2026-12-30: Hari jadi}
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sample deployment in November 2026, with overrides in December."""
    for name in ("config", "ivr_flows"):
        shutil.copytree(ROOT / name, tmp_path / name)
    calendars = tmp_path / "config" / "calendars.yaml"
    text = calendars.read_text(encoding="utf-8")
    assert "    national: ID\n" in text
    calendars.write_text(text.replace("    national: ID\n", OVERRIDES), encoding="utf-8")
    monkeypatch.setattr(loader, "_today", lambda: date(2026, 11, 22))
    return tmp_path


def show(site: Path, *arguments: str, name: str = "jam_layanan") -> Result:
    folders = ["--config", str(site / "config"), "--flows", str(site / "ivr_flows")]
    return CliRunner().invoke(make_app("calendar"), ["calendar", "show", name, *folders, *arguments])


def day(result: Result, date_: str) -> list[str]:
    """The cells of a date's line."""
    (line,) = (line for line in result.output.splitlines() if line.strip().startswith(date_))
    return [cell for cell in (cell.strip() for cell in line.split("   ")) if cell]


def test_every_day_says_its_hours_its_state_and_why(site: Path) -> None:
    result = show(site, "--month", "2026-12")
    assert result.exit_code == 0, result.output
    assert result.output.startswith("jam_layanan, 2026-12, Asia/Jakarta")
    assert day(result, "2026-12-23") == ["2026-12-23", "Wed", "08:00-17:00", "open"]
    assert day(result, "2026-12-24") == ["2026-12-24", "Thu", "08:00-17:00", "open *", "Tetap buka"]
    assert day(result, "2026-12-25") == ["2026-12-25", "Fri", "-", "holiday", "Hari Raya Natal"]
    assert day(result, "2026-12-26") == ["2026-12-26", "Sat", "-", "closed"]
    assert day(result, "2026-12-28") == ["2026-12-28", "Mon", "-", "closed *", "Tutup buku"]
    assert day(result, "2026-12-29") == ["2026-12-29", "Tue", "08:00-10:00, 13:00-15:00", "open *"]
    assert day(result, "2026-12-30") == ["2026-12-30", "Wed", "-", "holiday", "Hari jadi"]
    assert "Lunch 11:00-13:00, while it is open: prompt lunch." in result.output
    assert "* set by an override of that date." in result.output
    assert "National holidays of 2026 to 2028 by holidays " in result.output


def test_joint_leave_and_estimates_are_told_apart_in_the_language_asked_for(site: Path) -> None:
    result = show(site, "--month", "2027-03", "--language", "en")
    assert day(result, "2027-03-09")[3:] == ["joint leave", "Eid al-Fitr Joint Holiday"]
    assert day(result, "2027-03-10")[3:] == ["holiday", "Eid al-Fitr (estimate)"]


def test_what_the_table_of_holidays_lacks_is_said(site: Path) -> None:
    assert "It knows no joint leave of 2028 yet" in show(site, "--month", "2028-01").output
    result = show(site, "--month", "2031-01")
    assert "Those of 2031 are not in this table" in result.output
    assert day(result, "2031-01-01")[3:] == ["open"]


def test_a_calendar_of_hours_alone_has_no_notes(site: Path) -> None:
    result = show(site, "--month", "2026-02", name="selalu_buka")
    assert day(result, "2026-02-28") == ["2026-02-28", "Sat", "00:00-24:00", "open"]
    assert "2026-02-29" not in result.output
    assert result.output.rstrip().endswith("open")


def test_a_program_gets_json(site: Path) -> None:
    told = json.loads(show(site, "--month", "2026-12", "--json").output)
    assert len(told["days"]) == 31
    assert told["days"][23] == {
        "date": "2026-12-24", "weekday": "Thu", "hours": ["08:00-17:00"], "state": "open", "reason": "Tetap buka",
        "estimated": False, "override": True, "message": "lunch",
    }  # fmt: skip
    assert told["lunch"] == {"from": "11:00", "to": "13:00", "prompt": "lunch"}
    assert told["national"]["without_joint_leave"] == [2028]
    alone = json.loads(show(site, "--month", "2026-12", "--json", name="selalu_buka").output)
    assert (alone["lunch"], alone["national"]) == (None, None)


def test_an_unknown_calendar_and_a_month_that_is_none_are_told(site: Path) -> None:
    result = show(site, "--month", "2026-12", name="jam")
    assert (result.exit_code, result.output) == (
        1,
        "There is no calendar 'jam'; there are jam_layanan, selalu_buka.\n",
    )
    for month in ("2026-13", "2026", "9999-12", "٢٠٢٦-12"):
        assert show(site, "--month", month).exit_code == 2


def test_a_configuration_with_a_mistake_is_told_with_its_line(site: Path) -> None:
    calendars = site / "config" / "calendars.yaml"
    calendars.write_text(calendars.read_text(encoding="utf-8").replace("hours: [08:00-10:00", "hours: [8-10"), "utf-8")
    result = show(site, "--month", "2026-12")
    assert result.exit_code == 1
    assert "calendars.yaml:" in result.output
