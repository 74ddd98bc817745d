"""Prometheus' own checker finds nothing to say about our metrics."""

from __future__ import annotations

import subprocess

from acd.deploy.toolchain import fetch_tools
from acd.observability.metrics import MetricsExporter, WriterHealth
from tests.unit.observability.sample import a_view, busy_figures


def test_promtool_finds_nothing() -> None:
    tools = fetch_tools()
    exporter = MetricsExporter(lambda: a_view(busy_figures()), lambda: (WriterHealth("journal", 0, 0, 0),))
    body, _type = exporter.render("")
    done = subprocess.run(
        [*tools.argv("promtool"), "check", "metrics"], input=body, capture_output=True, env=tools.env(), check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
