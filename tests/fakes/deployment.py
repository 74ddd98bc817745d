"""The sample deployment, moved into a folder of a test's own, with addresses of the test's own."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

from acd.settings import load
from acd.settings.values import Settings

ROOT = Path(__file__).parents[2]
VIEWER, SUPERVISOR, AGENT = "v" * 32, "s" * 32, "a" * 32
TOKENS = f"prometheus {VIEWER}\nsupervisor/rudi {SUPERVISOR}\nagent/agent101 {AGENT}"
ENV = {"ACD_ARI_PASSWORD": "secret", "ACD_AMI_PASSWORD": "pw", "ACD_API_TOKENS": TOKENS}


def free_port() -> int:
    """A port nobody listens at now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def write(folder: Path, *, ari: int | None = None, ami: int | None = None, api: int | None = None) -> None:
    """Write ``config/`` and ``ivr_flows/``; who names no port gets one where nobody listens."""
    for name in ("config", "ivr_flows"):
        shutil.copytree(ROOT / name, folder / name)
    file = folder / "config" / "acd.yaml"
    text = file.read_text(encoding="utf-8")
    for old, new in (
        ("port: 8169 ", f"port: {api or free_port()} "),
        ("http://127.0.0.1:8088", f"http://127.0.0.1:{ari or free_port()}"),
        ("port: 5038", f"port: {ami or free_port()}"),
        ("/var/lib/acd", str(folder / "var")),
        ("# spool: {megabytes: 64}", "spool: {megabytes: 1}"),
        ("/var/spool/asterisk", str(folder / "spool")),
        ("/var/lib/asterisk", str(folder / "lib")),
    ):
        assert old in text, old
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")
    (folder / "var").mkdir()


def settings(folder: Path, *, ari: int | None = None, ami: int | None = None) -> Settings:
    """Write and load a deployment."""
    write(folder, ari=ari, ami=ami)
    return load(folder / "config", folder / "ivr_flows", ENV)
