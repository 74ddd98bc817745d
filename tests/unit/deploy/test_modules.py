from __future__ import annotations

from pathlib import Path

from acd.deploy.modules import OPTIONAL, REQUIRED, modules_to_load


def test_only_modules_that_exist_are_loaded(tmp_path: Path) -> None:
    for name in ("chan_pjsip", "app_milliwatt", "app_voicemail"):
        (tmp_path / f"{name}.so").touch()
    assert modules_to_load(tmp_path) == ["chan_pjsip.so"]
    assert modules_to_load(tmp_path, ("app_milliwatt", "app_nowhere")) == ["app_milliwatt.so", "chan_pjsip.so"]


def test_no_module_is_both_required_and_optional() -> None:
    assert not set(REQUIRED) & set(OPTIONAL)
