"""From a distribution as it is written to one that can be drawn from, measured values in CSV files included.

Decides what a CSV file of values may look like. Must not know what is drawn.
"""

from __future__ import annotations

import csv
from math import isfinite
from pathlib import Path

from acd.settings.yaml_marks import Document, Path_, printable
from acd.sim import scenario_file as file
from acd.sim.chance import (
    Deterministic,
    Distribution,
    Empirical,
    Exponential,
    Gamma,
    LogNormal,
    Uniform,
)

_NOTHING = Deterministic((1.0,))
"""Stands in for what could not be read; the document holds the mistake."""


class Reader:
    """Makes distributions and notes in the document what is wrong with them."""

    def __init__(self, document: Document, folder: Path, periods: int) -> None:
        self._document = document
        self._folder = folder
        self._periods = periods

    def time(self, section: file.TimeSection, path: Path_) -> Distribution:
        """A distribution of seconds."""
        if not isinstance(section, file.UniformTime | file.EmpiricalTime):
            self.per_period(section.mean, (*path, "mean"), "means")
        match section:
            case file.ExponentialTime():
                return Exponential(section.mean)
            case file.GammaTime():
                return Gamma(section.shape, section.mean)
            case file.LogNormalTime():
                return LogNormal(section.cv, section.mean)
            case file.DeterministicTime():
                return Deterministic(section.mean)
            case file.UniformTime():
                return self._uniform(section.low, section.high, path)
            case file.EmpiricalTime():
                return self._measured(section.file, section.column, path)

    def factor(self, section: file.FactorSection, path: Path_) -> Distribution:
        """A distribution of a factor."""
        match section:
            case file.ExponentialFactor():
                return Exponential((section.mean,))
            case file.GammaFactor():
                return Gamma(section.shape, (section.mean,))
            case file.LogNormalFactor():
                return LogNormal(section.cv, (section.mean,))
            case file.DeterministicFactor():
                return Deterministic((section.mean,))
            case file.UniformFactor():
                return self._uniform(section.low, section.high, path)
            case file.EmpiricalFactor():
                return self._measured(section.file, section.column, path)

    def per_period(self, values: tuple[float, ...] | tuple[int, ...], path: Path_, what: str) -> None:
        """See that there is one value, or one per period."""
        if len(values) not in {1, self._periods}:
            self._document.add(
                path, f"there are {len(values)} {what} for {self._periods} periods; give one, or one each"
            )

    def _uniform(self, low: float, high: float, path: Path_) -> Distribution:
        if low > high:
            self._document.add((*path, "high"), "must not be below low")
        return Uniform(low, high)

    def _measured(self, name: str, column: str | None, path: Path_) -> Distribution:
        try:
            with (self._folder / name).open(encoding="utf-8-sig", newline="") as stream:
                rows = [row for row in csv.reader(stream) if any(cell.strip() for cell in row)]
        except (OSError, UnicodeError, csv.Error, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is no CSV text"
            self._document.add((*path, "file"), f"cannot be read: {why}")
            return _NOTHING
        place = 0
        if column is not None:
            heads = [cell.strip() for cell in rows[0]] if rows else []
            if column not in heads:
                self._document.add(
                    (*path, "column"), f"no such column; there are {printable(', '.join(heads)) or 'none'}"
                )
                return _NOTHING
            place = heads.index(column)
        values = []
        for number, row in enumerate(rows):
            value = _number(row[place]) if place < len(row) else None
            if value is not None:
                values.append(value)
            elif number or _number(row[0]) is not None:
                self._document.add((*path, "file"), f"row {number + 1} of it holds no number of 0 or more")
                return _NOTHING
        if not values:
            self._document.add((*path, "file"), "holds no values")
            return _NOTHING
        return Empirical(tuple(values))


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) and value >= 0 else None
