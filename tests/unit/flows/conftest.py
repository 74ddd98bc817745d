"""A deployment with a flow and cases of a test's own, beside the sample configuration."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from acd.flows.suite import FlowReport, read_suite, run_suite
from acd.settings import Settings, load

ROOT = Path(__file__).parents[3]
FLOW = """\
languages: [id, en]
entry: answer
variables: {seen: number}
nodes:
  answer: {kind: answer, next: hours}
  hours: {kind: hours, calendar: jam_layanan, open: ask, closed: shut, holiday: shut}
  ask:
    kind: menu
    prompts: [main]
    choices: {1: wait, 2: wait, 3: number, 4: away, "*": ask}
    retries: 1
    invalid_prompts: [invalid]
    timeout_prompts: [noinput]
    failed: bye
  number: {kind: collect, prompts: [nib_ask], variable: nib, max_digits: 3, retries: 0, next: wait, failed: bye}
  wait: {kind: queue, queue: q_umum, overflow: bye, keys: {"#": ask}}
  away: {kind: transfer, context: elsewhere, extension: "200"}
  shut: {kind: play, prompts: [closed], next: end, barge_in: false}
  end: {kind: hang_up, exit: closed}
  bye: {kind: play, prompts: [bye], next: over}
  over: {kind: hang_up}
"""


_LOADED: dict[tuple[tuple[str, bytes], ...], Settings] = {}


class Workshop:
    """Folders of a deployment to be changed, and what comes of it."""

    def __init__(self, folder: Path) -> None:
        self.config, self.flows = folder / "config", folder / "ivr_flows"
        shutil.copytree(ROOT / "config", self.config)
        shutil.copytree(ROOT / "ivr_flows", self.flows)
        self.write("t.yaml", FLOW)

    def write(self, name: str, text: str) -> Path:
        path = self.flows / name
        path.write_text(text, encoding="utf-8")
        return path

    def cases(self, text: str, given: str = "{time: 2026-06-08 10:00}") -> Path:
        """Write the cases of the flow ``t``."""
        return self.write("t.test.yaml", f"given: {given}\ncases:\n{text}")

    def settings(self) -> Settings:
        """Load; the same files but for cases are loaded once, as that takes longer than any case."""
        paths = [path for path in sorted((*self.config.rglob("*.*"), *self.flows.rglob("*.*"))) if path.is_file()]
        key = tuple((path.name, path.read_bytes()) for path in paths if ".test." not in path.name)
        if key not in _LOADED:
            _LOADED[key] = load(self.config, self.flows, {}, secrets=False)
        return _LOADED[key]

    def report(self) -> FlowReport:
        """Run the cases of the flow ``t``."""
        settings = self.settings()
        (report,) = run_suite(settings.plan, read_suite(settings, self.flows, ["t"]))
        return report

    def failure(self, text: str, given: str = "{time: 2026-06-08 10:00}") -> str:
        """Run one case that fails, and tell how it did."""
        self.cases(text, given)
        (result,) = self.report().results
        assert result.failure is not None
        return str(result.failure)

    def passes(self, text: str, given: str = "{time: 2026-06-08 10:00}") -> None:
        self.cases(text, given)
        for result in self.report().results:
            assert result.failure is None, str(result.failure)


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)
