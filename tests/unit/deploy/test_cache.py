from __future__ import annotations

import threading
from pathlib import Path

import pytest

from acd.deploy.cache import cache_root, locked
from acd.domain.errors import DeployError


def test_acd_cache_wins_over_everything(tmp_path: Path) -> None:
    environ = {"ACD_CACHE": str(tmp_path / "mine"), "XDG_CACHE_HOME": str(tmp_path / "xdg"), "HOME": str(tmp_path)}
    assert cache_root(environ) == tmp_path / "mine"


def test_the_users_cache_follows_the_xdg_rules(tmp_path: Path) -> None:
    assert cache_root({"XDG_CACHE_HOME": str(tmp_path / "xdg")}) == tmp_path / "xdg/acd"
    assert cache_root({"XDG_CACHE_HOME": "relative", "HOME": str(tmp_path)}) == tmp_path / ".cache/acd"


def test_a_user_without_a_home_gets_a_private_temporary_folder(tmp_path: Path) -> None:
    root = cache_root({"HOME": "/proc/nonexistent", "TMPDIR": str(tmp_path)})
    assert root.parent == tmp_path
    assert root.stat().st_mode & 0o777 == 0o700


def test_a_link_somebody_put_in_the_way_is_refused(tmp_path: Path) -> None:
    environ = {"HOME": "/proc/nonexistent", "TMPDIR": str(tmp_path)}
    root = cache_root(environ)
    root.rmdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    root.symlink_to(elsewhere)
    with pytest.raises(DeployError, match="not a private folder"):
        cache_root(environ)


def test_a_temporary_folder_others_may_enter_is_refused(tmp_path: Path) -> None:
    environ = {"HOME": "/proc/nonexistent", "TMPDIR": str(tmp_path)}
    cache_root(environ).chmod(0o755)
    with pytest.raises(DeployError, match="not a private folder"):
        cache_root(environ)


def test_a_chosen_folder_that_cannot_be_made_is_named() -> None:
    with pytest.raises(DeployError, match="ACD_CACHE=/proc/no"):
        cache_root({"ACD_CACHE": "/proc/no"})


def test_the_second_holder_of_a_lock_waits_for_the_first(tmp_path: Path) -> None:
    order: list[str] = []
    waiting = threading.Event()

    def second() -> None:
        with locked(tmp_path / "lock", waiting.set):
            order.append("second")

    with locked(tmp_path / "lock"):
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(10)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]
