"""The sample deployment, and a copy to spoil."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


class Deployment:
    """A copy of the sample configuration in a folder of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.config, self.flows = folder / "config", folder / "ivr_flows"
        self.config.mkdir()
        self.flows.mkdir()
        for source, target in ((ROOT / "config", self.config), (ROOT / "ivr_flows", self.flows)):
            for path in (*source.glob("*.yaml"), *source.glob("*.csv")):
                shutil.copy(path, target)

    def change(self, name: str, old: str, new: str) -> None:
        """Replace a text that stands in a file of config/ or ivr_flows/."""
        path = self.config / name if (self.config / name).exists() else self.flows / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def append(self, name: str, text: str) -> None:
        """Add lines at the end of a file."""
        path = self.config / name if (self.config / name).exists() else self.flows / name
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


@pytest.fixture
def sample(tmp_path: Path) -> Deployment:
    return Deployment(tmp_path)
