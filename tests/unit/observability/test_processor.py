"""How long a process waited for a core is read from what Linux counts; where it counts nothing it is 0."""

from __future__ import annotations

from pathlib import Path

import pytest

from acd.observability.processor import CoreWanted


def test_the_wait_for_a_core_is_read_anew_each_time(tmp_path: Path) -> None:
    file = tmp_path / "schedstat"
    file.write_text("139560 2500000000 2\n")
    wanted = CoreWanted(str(file))
    assert wanted() == pytest.approx(2.5)
    file.write_text("139561 2750000000 3\n")
    assert wanted() == pytest.approx(2.75)
    wanted.close()


@pytest.mark.parametrize("content", [None, "", "0", "one two three"])
def test_without_the_kernels_count_nobody_ever_waited(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "schedstat"
    if content is not None:
        file.write_text(content)
    wanted = CoreWanted(str(file))
    assert wanted() == 0.0
    wanted.close()
    assert wanted() == 0.0
