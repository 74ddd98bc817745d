"""Stand-ins for the programs that make sounds; each notes how it was called."""

from __future__ import annotations

from pathlib import Path

from acd.deploy.toolchain import ToolSet

ESPEAK = """#!/bin/sh
echo "espeak $2" >> LOG
for last; do :; done
cat > "$last"
"""
SOX = """#!/bin/sh
if [ "$1" != -D ]; then
  echo "measure" >> LOG
  echo "Pk lev dB      -4.00" >&2
  grep -q mute "$1" && exit
  grep -q loud "$1" && printf '\\000\\000\\000\\077' || printf '\\233\\135\\035\\075'
  exit
fi
echo "sox $(echo "$*" | grep -o 'gain [-0-9.]*')" | sed 's/ $//' >> LOG
grep -q fail "$2" && exit 2
source=$2
shift 2
for part; do case "$part" in /*) out=$part ;; esac; done
cp "$source" "$out"
"""


def stand_ins(folder: Path) -> ToolSet:
    """Make an espeak-ng that writes the text it was to speak and a sox that copies.

    A text that holds "loud" is heard at -0.7 LUFS, any other at the target.
    """
    log = folder / "log"
    log.touch()
    espeak, sox = folder / "espeak-ng", folder / "sox"
    espeak.write_text(ESPEAK.replace("LOG", str(log)))
    sox.write_text(SOX.replace("LOG", str(log)))
    for program in (espeak, sox):
        program.chmod(0o755)
    return ToolSet(folder, {"espeak-ng": (str(espeak),), "sox": (str(sox),)}, {})


def calls(tools: ToolSet) -> list[str]:
    """Tell how the programs were called, sorted."""
    assert tools.root is not None
    return sorted((tools.root / "log").read_text().splitlines())
