from __future__ import annotations

import io

from acd.deploy.progress import shown_progress


def test_a_log_file_gets_a_line_per_tenth_and_no_control_characters() -> None:
    stream = io.StringIO()
    with shown_progress(stream) as progress:
        progress.stage("Downloading")
        for step in range(101):
            progress.advance(step / 100, f"{step} MB")
        progress.stage("Unpacking")
    lines = stream.getvalue().splitlines()
    assert lines[0] == "Downloading ..."
    assert lines[1] == "Downloading:  10% 10 MB"
    assert lines[-1] == "Unpacking ..."
    assert len(lines) == 12
    assert "\x1b" not in stream.getvalue()


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_bars_that_end_full() -> None:
    stream = _Terminal()
    with shown_progress(stream) as progress:
        progress.stage("Downloading")
        progress.advance(0.4)
    assert "Downloading" in stream.getvalue()
    assert "100%" in stream.getvalue()
