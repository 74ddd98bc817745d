"""National holidays and joint leave of a country, out of the ``holidays`` package, as dates with names.

The one place that knows that package; it takes a tenth of a second to import, so only who has calendars that want it
does. Decides which of its categories are joint leave, and which names are estimates. Must not know calendars.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from acd.domain.calendar_plan import ANY_LANGUAGE, HolidayName
from acd.domain.ids import Language

if TYPE_CHECKING:
    from holidays import HolidayBase

YEARS = 3
"""This year and the two after it."""
_JOINT_LEAVE = "government"
"""The package's category of cuti bersama; it lists a year's once the joint decree (SKB) on it is out."""
_ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class NationalDays:
    """What the package knows of a country's holidays in some years."""

    package: str
    """Name and version."""
    years: tuple[int, ...]
    days: dict[str, HolidayName]
    """By date."""
    without_holidays: tuple[int, ...]
    """Years it knows no public holiday of."""
    without_joint_leave: tuple[int, ...]
    """Years it knows no joint leave of; empty where none is wanted."""


@cache
def countries() -> tuple[str, ...]:
    """ISO 3166 codes of the countries that are known."""
    from holidays import list_supported_countries  # noqa: PLC0415 - imported only where it is wanted

    return tuple(list_supported_countries(include_aliases=False))


@cache
def gives_leave(country: str) -> bool:
    """Whether a country's government gives days away beside the public holidays."""
    return _JOINT_LEAVE in _country(country, (2000,), "public", None).supported_categories


def _country(country: str, years: tuple[int, ...], category: str, language: str | None) -> HolidayBase:
    from holidays import country_holidays  # noqa: PLC0415 - imported only where it is wanted

    return country_holidays(country, years=years, categories=(category,), language=language)


@lru_cache(maxsize=64)
def national_days(
    country: str, years: tuple[int, ...], languages: tuple[Language, ...], *, joint_leave: bool
) -> NationalDays:
    """Find the holidays of some years, named in these languages where the package can."""
    from holidays.version import __version__  # noqa: PLC0415 - imported only where it is wanted

    found = _days(country, years, languages, "public", "national")
    without = tuple(year for year in years if not _in_year(found, year))
    left: tuple[int, ...] = ()
    if joint_leave:
        given = _days(country, years, languages, _JOINT_LEAVE, "joint_leave")
        left = tuple(year for year in years if not _in_year(given, year))
        found = {**given, **found}
    return NationalDays(f"holidays {__version__}", years, dict(sorted(found.items())), without, left)


def _in_year(days: dict[str, HolidayName], year: int) -> bool:
    return any(day.startswith(f"{year}-") for day in days)


def _days(
    country: str, years: tuple[int, ...], languages: tuple[Language, ...], category: str, source: str
) -> dict[str, HolidayName]:
    own = _country(country, years, category, None)  # in whatever language this process runs
    spoken = {
        language: _country(country, years, category, tongue)
        for language in languages
        if (tongue := _tongue(own, language)) is not None
    } or {ANY_LANGUAGE: _country(country, years, category, own.default_language)}
    found: dict[str, HolidayName] = {}
    for day in sorted(own):
        names = {language: _plain(table, table[day]) for language, table in spoken.items()}
        estimated = any(names[language] != table[day] for language, table in spoken.items())
        key = day.isoformat()
        if source == "national":
            found[key] = HolidayName(names, "national", estimated)
        else:
            found[key] = HolidayName(names, "joint_leave", estimated)
    return found


def _tongue(table: HolidayBase, language: Language) -> str | None:
    """The package's own code of a language, such as en_US for en."""
    return next((code for code in table.supported_languages if code.partition("_")[0] == language), None)


def _plain(table: HolidayBase, name: str) -> str:
    """A name without the mark of an estimated date."""
    label = getattr(table, "estimated_label", None)
    return name if label is None else name.replace(table.tr(label).replace("%s", ""), "")
