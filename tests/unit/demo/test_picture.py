"""The README's picture: small, self-contained, the same for the same data, and of the table as it is drawn today."""

from __future__ import annotations

from html import unescape
from pathlib import Path
from xml.etree import ElementTree as ET

from acd.demo.picture import draw

README_PICTURE = Path(__file__).parents[3] / "acd/demo/live-table.svg"

STATUS = {
    "at": 1039.0,
    "contacts": [{"phase": "ivr"}, {"phase": "waiting"}, {"phase": "offered"}, {"phase": "talking"}],
    "agents": [{"id": "agent101", "activity": "talking"}, {"id": "agent102", "activity": "wrap_up"}],
    "trunks": [{"in_use": 28, "capacity": 30, "blocked": 2}],
    "queues": [
        {
            "id": "q_umum",
            "name": "Umum",
            "waiting": 2,
            "longest_wait_s": 7.4,
            "agents_ready": 0,
            "agents_logged_in": 2,
        }
    ],
}
FIGURES = {
    "since": 1000.0,
    "contacts": 11,
    "by_exit": {"answered": 9, "blocked": 2},
    "success_call_ratio": {"value": 9 / 11, "numerator": 9, "denominator": 11},
    "service_level": {"value": 1.0, "numerator": 9, "denominator": 9},
    "queues": [{"queue": "q_umum", "answered": 9, "service_level": {"value": 1.0}}],
    "recordings_ok": 9,
    "recordings_bad": 0,
}


def words(svg: str) -> str:
    # The text is XML of our own making.
    texts = (node.text or "" for node in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"))  # noqa: S314 - above
    return unescape("".join(texts)).replace("\N{NO-BREAK SPACE}", " ")


def test_the_picture_says_what_the_engine_said() -> None:
    said = words(draw(STATUS, FIGURES, "metrics http://127.0.0.1:8169/metrics"))
    for wanted in ("callers, 39 s", "28 of 30", "81.8%", "100.0%", "Umum", "agent102", "1 wrap-up", "8169/metrics"):
        assert wanted in said


def test_the_same_data_give_the_same_bytes() -> None:
    assert draw(STATUS, FIGURES, "") == draw(STATUS, FIGURES, "")


def test_the_picture_asks_nobody_for_a_font() -> None:
    made = draw(STATUS, FIGURES, "")
    assert "url(http" not in made
    assert 'url("http' not in made
    assert "@font-face" not in made


def test_the_readme_shows_the_table_as_it_is_drawn_today() -> None:
    shown = README_PICTURE.read_text(encoding="utf-8")
    assert len(shown) < 100_000
    today, kept = words(draw(STATUS, FIGURES, "")), words(shown)
    for label in ("in the IVR", "waiting", "talking", "trunk channels", "refused", "success call ratio",
                  "service level", "call records", "recordings", "queue", "longest", "agents free", "logged in",
                  "answered"):  # fmt: skip
        assert label in today
        assert label in kept
    assert " of 30" in kept
