"""Geometry of the small charts: pure numbers in percent, so that no chart needs an inline style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

GAP = Decimal("0.3")  # Of one bar's share of the width.


@dataclass(frozen=True)
class Bar:
    """Percent of the plot's width and height; y runs downwards."""

    label: str
    value: Decimal
    slot: str
    slot_width: str
    x: str
    width: str
    y: str
    height: str


@dataclass(frozen=True)
class BarChart:
    """`ticks` are (value, y in percent) from top to bottom; `zero` is the y of the ground line."""

    bars: list[Bar]
    ticks: list[tuple[Decimal, str]]
    zero: str


def bar_chart(points: Sequence[tuple[object, Decimal]]) -> BarChart:
    """Bars on one scale that always contains zero and ends at round numbers."""
    values = [Decimal(value) for _label, value in points]
    top = round_up(max([Decimal(0), *values]))
    bottom = -round_up(max([Decimal(0), *(-value for value in values)]))
    span = (top - bottom) or Decimal(1)
    slot = Decimal(100) / max(len(values), 1)
    bars = [
        Bar(
            label=str(label),
            value=value,
            slot=_percent(slot * index),
            slot_width=_percent(slot),
            x=_percent(slot * index + slot * GAP / 2),
            width=_percent(slot * (1 - GAP)),
            y=_percent((top - max(value, Decimal(0))) / span * 100),
            height=_percent(abs(value) / span * 100),
        )
        for index, ((label, _value), value) in enumerate(zip(points, values, strict=True))
    ]
    ticks = [top - span * step / 2 for step in range(3)]
    return BarChart(
        bars=bars,
        ticks=[(tick, _percent((top - tick) / span * 100)) for tick in ticks],
        zero=_percent(top / span * 100),
    )


def shares(values: Sequence[Decimal]) -> list[str]:
    """Each value in percent of the largest; nothing for values below zero."""
    largest = max([Decimal(0), *values]) or Decimal(1)
    return [_percent(max(Decimal(0), value) / largest * 100) for value in values]


def round_up(value: Decimal) -> Decimal:
    """The next number of the form 1, 2, 4, 6 or 8 times a power of ten, so that halves are round.

    0 stays 0.
    """
    if value <= 0:
        return Decimal(0)
    unit = Decimal(1).scaleb(value.adjusted())
    lead = (value / unit).quantize(Decimal(1), rounding=ROUND_CEILING)
    return next(Decimal(step) for step in (1, 2, 4, 6, 8, 10) if step >= lead) * unit


def _percent(value: Decimal) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".") + "%"
