"""The callers of the demonstration: what people do on the help line 169 of the sample deployment.

Decides their shares and how soon they press a key. Knows the keys of the sample flow, and nothing that carries it out.
"""

from __future__ import annotations

from acd.demo.behaviour import Kind

ACCESS_CODE = "169"
NOBODYS_NUMBER = "170"
_NIB = "9120001234567#"
_PATIENT = (45.0, 60.0)


def _keys(text: str, first: float = 2.0, between: float = 1.6) -> tuple[tuple[float, str], ...]:
    """Press one key after the other; the digits of a long number come faster."""
    step = 0.35 if len(text) > 5 else between  # noqa: PLR2004 - menus are not as deep
    return tuple((first + step * place, key) for place, key in enumerate(text))


KINDS = (
    Kind("licensing", 8, tuple(_keys(f"11{last}") for last in "1234"), _PATIENT),
    Kind("licensing in English", 1, (_keys("212"),), _PATIENT),
    Kind("technical help", 4, tuple(_keys(f"13{last}") for last in "1234"), _PATIENT),
    Kind("investment reports", 2, (_keys("14"),), _PATIENT),
    Kind("complaint", 1, (_keys("15"),), _PATIENT),
    Kind("progress", 2, ((*_keys("12"), *_keys(_NIB, first=6.5)),), _PATIENT),
    Kind("any officer", 2, (_keys("10"),), _PATIENT),
    Kind("other channels", 2, (_keys("16"),), _PATIENT),
    Kind("wrong key", 1, ((*_keys("18"), *_keys("11", first=7.5)),), _PATIENT),
    Kind("says nothing", 1, ((),), (18.0, 22.0)),
    Kind("gives up in the menu", 2, (_keys("1"),), (3.5, 6.0)),
    Kind("gives up in the queue", 2, (_keys("111"),), (5.4, 7.0)),
    Kind("wrong number", 1, ((),), _PATIENT, NOBODYS_NUMBER),
)
