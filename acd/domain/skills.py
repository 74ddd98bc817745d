"""A skill at a level: an agent's proficiency, or the least a contact requires."""

from __future__ import annotations

from dataclasses import dataclass

from acd.domain.ids import SkillId


@dataclass(frozen=True, slots=True)
class SkillLevel:
    """An agent's proficiency, or a contact's minimum, 1 (some) to 5 (expert)."""

    skill: SkillId
    level: int
