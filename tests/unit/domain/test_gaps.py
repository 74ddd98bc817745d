from __future__ import annotations

import pytest

from acd.domain.gaps import Gap

OVER = Gap("ami-100.000", "ami", 100.0, 200.0, "")
LASTING = Gap("ari-100.000", "ari", 100.0, None, "")


@pytest.mark.parametrize(
    ("since", "until", "over", "lasting"),
    [
        (None, None, True, True),
        (150.0, 160.0, True, True),
        (200.0, None, True, True),
        (201.0, None, False, True),
        (None, 100.0, False, False),
        (0.0, 101.0, True, True),
    ],
)
def test_a_gap_touches_what_it_lies_in_even_in_part(
    since: float | None, until: float | None, *, over: bool, lasting: bool
) -> None:
    assert (OVER.touches(since, until), LASTING.touches(since, until)) == (over, lasting)
