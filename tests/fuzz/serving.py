"""Fuzzing of the running engine's API by what its own description says: ``python -m tests.fuzz.serving --cases N``.

schemathesis sends what the description allows and what it does not, alone and in sequences. Every answer must be one
the description knows, none a failure of the server. Afterwards the engine still runs, has logged no exception, and its
event loop was held for ``STALL_S`` at most.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from random import Random
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from acd.demo import children
from acd.demo.api import Api
from acd.demo.deployment import Deployment, Wishes, prepare

ROOT = Path(__file__).parents[2]
STALL_S = 0.1
START_S = 30.0
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "ignored_auth",
)
_SETTINGS = """
[[operations]]
include-name = "GET /readyz"
[operations.checks]
not_a_server_error.expected-statuses = ["2xx", "4xx", "503"]  # without Asterisk
"""


async def fuzz(folder: Path, cases: int, seed: int) -> int:
    """Run an engine without Asterisk, which its API does not need, and fuzz it; 0: everything held."""
    made = prepare(folder / "run", ROOT / "config", ROOT / "ivr_flows", Wishes(), Random(seed))
    argv = [sys.executable, "-m", "acd", "run", "--config", str(made.config), "--flows", str(made.flows)]
    log = made.folder / "engine.log"
    engine = await children.start("the engine", argv, log, made.folder, {**os.environ, **made.env})
    try:
        async with Api(made.url, made.token) as api:
            async with asyncio.timeout(START_S):
                while await api.ready() is None:  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.1)
            before = _held(await api.metrics())
            code = await _schemathesis(made, _plain(await api._get("/api/v1/openapi.json")), cases, seed)
            if engine.process.returncode is not None:
                print(await engine.ended())
                return 1
            held = _held(await api.metrics()) - before
        broken = [line for line in log.read_text(encoding="utf-8").splitlines() if "exception" in line]
        print(f"api: exceptions logged: {len(broken)}, event loop held for more than {STALL_S * 1000:g} ms: {held:g} x")
        print("\n".join(broken[:3]))
        return code or bool(broken) or bool(held)
    finally:
        await engine.stop()


def _plain(part: Any) -> Any:
    """Describe tuples as lists of any of their parts: schemathesis 4 writes ``prefixItems`` as older drafts did."""
    if isinstance(part, list):
        return [_plain(item) for item in part]
    if not isinstance(part, dict):
        return part
    plain = {key: _plain(value) for key, value in part.items()}
    if "prefixItems" in plain:
        plain["items"] = {"anyOf": plain.pop("prefixItems")}
    return plain


async def _schemathesis(made: Deployment, document: Any, cases: int, seed: int) -> int:
    program = Path(sys.executable).with_name("schemathesis")
    described, settings = made.folder / "openapi.json", made.folder / "schemathesis.toml"
    described.write_text(json.dumps(document), encoding="utf-8")
    settings.write_text(_SETTINGS, encoding="utf-8")
    argv = [
        *(str(program), "--config-file", str(settings), "run", str(described), "--url", made.url),
        *("--header", f"Authorization: Bearer {made.token}", "--checks", ",".join(CHECKS)),
        *("--max-examples", str(cases), "--seed", str(seed), "--generation-database", "none", "--no-color"),
        *("--exclude-path-regex", "plan/reload", "--warnings", "off"),  # a reload reads files, a tenth of a second
    ]
    process = await asyncio.create_subprocess_exec(*argv, cwd=made.folder)
    return await process.wait()


def _held(metrics: str) -> float:
    """Count how often the loop's own work held it for longer than ``STALL_S``."""
    buckets = {
        sample.labels["le"]: sample.value
        for family in text_string_to_metric_families(metrics)
        for sample in family.samples
        if sample.name == "acd_loop_held_seconds_bucket"
    }
    return buckets["+Inf"] - buckets[str(STALL_S)]


def main() -> None:
    """Fuzz; ends with 1 when something did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.serving", description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=int, default=50, metavar="N", help="of each operation")
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(asyncio.run(fuzz(Path(folder), wanted.cases, wanted.seed)))


if __name__ == "__main__":
    main()
