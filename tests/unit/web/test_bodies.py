"""A long answer has the bytes it would have in one go, and others have turns meanwhile."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import orjson
import pytest

from acd.domain.exits import Exit
from acd.web.bodies import PORTION, json_of
from acd.web.readiness import ReadinessAnswer


@dataclass(frozen=True, slots=True)
class Item:
    number: int
    name: str = "Agen “satu”"


@dataclass(frozen=True, slots=True)
class Long:
    items: tuple[Item, ...]
    counts: dict[Exit, int] = field(default_factory=lambda: dict.fromkeys(Exit, 1))
    nothing: tuple[Item, ...] = ()


@pytest.mark.parametrize("count", [0, 1, PORTION, PORTION + 1, 5 * PORTION])
async def test_the_bytes_do_not_depend_on_the_portions(count: int) -> None:
    answer = Long(tuple(Item(number) for number in range(count)))
    assert await json_of(answer) == orjson.dumps(answer, option=orjson.OPT_NON_STR_KEYS)


@pytest.mark.parametrize("value", [{"a": 1}, [1, 2], None, ReadinessAnswer])
async def test_other_values_are_made_at_once(value: object) -> None:
    if value is ReadinessAnswer:
        with pytest.raises(TypeError):
            await json_of(value)
    else:
        assert await json_of(value) == orjson.dumps(value)


async def test_others_have_turns_while_a_long_answer_is_made() -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    busy = asyncio.create_task(others())
    await asyncio.sleep(0)
    turns = 0
    await json_of(Long(tuple(Item(number) for number in range(10 * PORTION))))
    busy.cancel()
    assert turns >= 9
