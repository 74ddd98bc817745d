from __future__ import annotations

from pathlib import Path

import pytest

from acd.demo.postgresql import Cluster
from acd.deploy import postgresql
from acd.deploy.postgresql import PROGRAMS, find_postgresql
from acd.domain.errors import DeployError


def stand_ins(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True)
    for program in PROGRAMS:
        path = folder / program
        path.write_text(f"#!/bin/sh\necho '{program} (PostgreSQL) {version}'\n")
        path.chmod(0o755)
    return folder


def test_a_folder_named_is_taken(tmp_path: Path) -> None:
    folder = stand_ins(tmp_path / "bin", "16.2")
    assert find_postgresql({"PG_BIN": str(folder)}) == folder


def test_programs_that_are_too_old_or_missing_are_refused(tmp_path: Path) -> None:
    folder = stand_ins(tmp_path / "bin", "14.1")
    with pytest.raises(DeployError, match="is PostgreSQL 14; 15 or later is needed"):
        find_postgresql({"PG_BIN": str(folder)})
    (folder / "pg_dump").unlink()
    with pytest.raises(DeployError, match="has no pg_dump"):
        find_postgresql({"PG_BIN": str(folder)})


def test_the_newest_of_those_installed_is_taken_and_old_ones_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = [stand_ins(tmp_path / str(number) / "bin", f"{number}.1") for number in (14, 17, 16)]
    monkeypatch.setattr(postgresql, "_installed", lambda _environ: iter(installed))
    assert find_postgresql({}) == installed[1]
    monkeypatch.setattr(postgresql, "_installed", lambda _environ: iter(installed[:1]))
    assert find_postgresql({"ACD_CACHE": str(tmp_path / "cache")}) is None


def test_programs_of_a_tree_start_each_other_through_the_trees_own_loader_wherever_it_stands(tmp_path: Path) -> None:
    tree = tmp_path / "made"
    folder = stand_ins(tree / "usr/lib/postgresql/18/bin", "18.1")
    (folder / "initdb").write_text('#!/bin/sh\n"${0%/*}/postgres" --version\necho "initdb (PostgreSQL) 18.1"\n')
    (tree / "usr/lib/x86_64-linux-gnu").mkdir()
    loader = tree / "usr/lib64/ld-linux-x86-64.so.2"
    loader.parent.mkdir()
    loader.write_text('#!/bin/sh\n[ -d "$4" ] || exit 1\nshift 4\necho "by the loader"\nexec "$@"\n')
    loader.chmod(0o755)
    assert postgresql._prepare(tree) == {"postgresql": "18.1"}
    moved = tree.rename(tmp_path / "moved")
    assert postgresql._version(postgresql._folder_in(moved), {"PATH": "/usr/bin:/bin"}) == "18.1"


def test_a_cluster_outlives_being_killed(cluster: Cluster) -> None:
    name = cluster.new_database()
    cluster.sql("CREATE TABLE t AS SELECT 42 AS n", name)
    cluster.kill()
    cluster.start()
    assert cluster.sql("SELECT n FROM t", name) == "42"
    cluster.drop_database(name)
