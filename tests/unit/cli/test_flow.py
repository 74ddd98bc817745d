"""``acd flow`` as the author of a flow runs it."""

from __future__ import annotations

from typer.testing import CliRunner, Result

from acd.cli.flow import app
from tests.unit.flows.conftest import Workshop, workshop

__all__ = ["workshop"]


def flow(workshop: Workshop, *words: str, typed: str | None = None) -> Result:
    where = ("--config", str(workshop.config), "--flows", str(workshop.flows))
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, [*words, *where], input=typed)


def test_check_names_mistakes_of_cases_too(workshop: Workshop) -> None:
    done = flow(workshop, "check")
    assert done.exit_code == 0, done.output
    assert "No mistakes. Flows 169, t" in done.stdout
    workshop.cases("  a: {steps: [hear: [mian]]}\n")
    done = flow(workshop, "check")
    assert done.exit_code == 1
    assert "t.test.yaml:3:22: cases.a.steps[0].hear[0]: unknown prompt 'mian'; did you mean 'main'?" in done.stderr


def test_failures_and_what_was_not_walked_are_printed_with_exit_code_1(workshop: Workshop) -> None:
    workshop.cases('  a: {steps: [hear: [main], press: "1", expect: {queue: q_lkpm}]}\n')
    done = flow(workshop, "test", "t")
    assert done.exit_code == 1
    assert "t.test.yaml:3:41: a: step 3: queue is q_umum, not q_lkpm" in done.stdout
    assert "t: 1 cases walked 4 of 10 nodes" in done.stdout
    assert "    not walked: branch ask [2]" in done.stdout
    assert "1 cases, 1 failed" in done.stdout


def test_the_sample_passes(workshop: Workshop) -> None:
    done = flow(workshop, "test", "169")
    assert done.exit_code == 0, done.output
    assert " 0 failed" in done.stdout


def test_too_little_walked_is_a_failure_though_every_case_passes(workshop: Workshop) -> None:
    workshop.cases('  a: {steps: [hear: [main], press: "1", expect: {queue: q_umum}]}\n')
    done = flow(workshop, "test", "t", "--quiet")
    assert done.exit_code == 1
    assert "100% must be" in done.stdout
