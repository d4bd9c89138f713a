"""The chart of a result: an SVG without scripts, readable on light and dark pages alike."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from bench.figures import ratio
from bench.report import number

WIDTH, LEFT, RIGHT = 820, 250, 150
BAR, GAP, HEAD, FOOT = 16, 4, 84, 40
NAMES = {"limit": "the limit of the database", "product": "Tillbook", "oscar": "django-oscar"}

# What is shown, and what one of it is.
ROWS = (
    ("checkout, 16 terminals", "Checkout of 5 lines, 16 terminals", "/s"),
    ("hot item, 16 terminals", "All sell the same item", "/s"),
    ("look-up, 16 terminals", "Barcode look-up, 16 terminals", "/s"),
    ("search, large shop", "Search of three words, {large} products", "/s"),
    ("sync, large shop", "Whole catalogue of {large}, first copy", "/s"),
    ("import", "Import of {large} products with stock", " products/s"),
)

_STYLE = """
svg { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif }
.page { fill: #ffffff } .frame { fill: none; stroke: #d0d7de } text { fill: #1f2328; font-size: 13px }
.title { font-size: 17px; font-weight: 600 } .small { font-size: 12px; fill: #59636e }
.work { font-weight: 600 } .limit { fill: #8c959f } .product { fill: #0969da } .oscar { fill: #bc4c00 }
.full { fill: #eaeef2 }
@media (prefers-color-scheme: dark) {
.page { fill: #0d1117 } .frame { stroke: #3d444d } text { fill: #f0f6fc }
.small { fill: #9198a1 } .limit { fill: #9198a1 } .product { fill: #4493f8 } .oscar { fill: #f0883e }
.full { fill: #212830 }
}
"""


def chart(result: Mapping[str, Any]) -> str:
    """Rates as shares of the limit's, which is the whole width; of each who was measured."""
    found, y = [], HEAD
    for work, title, unit in ROWS:
        parties = result["parts"].get(work)
        if not parties:
            continue
        shown = {
            party: (one["rate"], ratio(one["rate"], parties["limit"]["rate"]) or 0.0)
            for party, one in parties.items()
        }
        found.append(_group(title.format(large=_large(result)), unit, shown, y))
        y += (BAR + GAP) * len(shown) + 18
    machine, complaints = result["machine"], result["noise"]["complaints"]
    version = (
        machine["postgresql"]
        .partition(" (Debian")[0]
        .replace("postgres (PostgreSQL)", "PostgreSQL")
    )
    below = [
        (
            f"{machine['cores']} cores shared by all, {version}, durable commits; commit "
            f"{result['commit'] or 'unknown'}, {result['at'][:10]}"
        )
    ]
    if complaints:
        below.insert(0, "The machine was noisy: these figures are not to be trusted.")
    height = y + FOOT + 18 * (len(below) - 1)
    feet = [
        f'<text class="small" x="24" y="{y + 16 + 18 * n}">{escape(text)}</text>'
        for n, text in enumerate(below)
    ]
    return "\n".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
                f'width="{WIDTH}" height="{height}" role="img" aria-labelledby="t d">'
            ),
            '<title id="t">How fast Tillbook is, beside the limit of its database</title>',
            f'<desc id="d">{escape(_described(result))}</desc>',
            f"<style>{_STYLE}</style>",
            f'<rect class="page" width="{WIDTH}" height="{height}" rx="8"/>',
            f'<rect class="frame" x=".5" y=".5" width="{WIDTH - 1}" height="{height - 1}" rx="8"/>',
            '<text class="title" x="24" y="32">How near to the database\u2019s own limit</text>',
            _legend(),
            *found,
            *feet,
            "</svg>",
            "",
        ]
    )


def _legend() -> str:
    parts, x = [], 24
    for party, name in NAMES.items():
        parts.append(
            f'<rect class="{party}" x="{x}" y="48" width="12" height="12" rx="2"/>'
            f'<text class="small" x="{x + 18}" y="58">{escape(name)}</text>'
        )
        x += 40 + 7 * len(name)
    return "\n".join(parts)


def _group(title: str, unit: str, shown: Mapping[str, tuple[float, float]], y: int) -> str:
    whole = WIDTH - LEFT - RIGHT
    middle = y + (BAR + GAP) * len(shown) / 2 + 2
    parts = [_wrapped(title, middle)]
    for party, (rate, share) in shown.items():
        # A sliver that can be seen, also of what is a thousandth.
        long = max(min(share, 1.0) * whole, 2)
        label = f"{number(rate)}{unit}"
        parts += [
            f'<rect class="full" x="{LEFT}" y="{y}" width="{whole}" height="{BAR}" rx="3"/>',
            (
                f'<rect class="{party}" x="{LEFT}" y="{y}" width="{long:.1f}" height="{BAR}" '
                f'rx="{min(3, long / 2):.0f}"/>'
            ),
            f'<text class="small" x="{LEFT + whole + 8}" y="{y + BAR - 4}">{escape(label)}</text>',
        ]
        y += BAR + GAP
    return "\n".join(parts)


def _wrapped(title: str, middle: float) -> str:
    """One line, or two where it is long."""
    if len(title) <= 26:
        return f'<text class="work" x="24" y="{middle:.0f}">{escape(title)}</text>'
    cut = title.rfind(" ", 0, 28)
    first, second = title[:cut], title[cut + 1 :]
    return (
        f'<text class="work" x="24" y="{middle - 7:.0f}">{escape(first)}</text>'
        f'<text class="work" x="24" y="{middle + 9:.0f}">{escape(second)}</text>'
    )


def _described(result: Mapping[str, Any]) -> str:
    """The same for whoever does not see it."""
    said = []
    for work, title, unit in ROWS:
        parties = result["parts"].get(work, {})
        rates = [f"{NAMES[party]} {number(one['rate'])}{unit}" for party, one in parties.items()]
        if rates:
            said.append(f"{title.format(large=_large(result))}: {', '.join(rates)}.")
    return " ".join(said)


def _large(result: Mapping[str, Any]) -> str:
    return f"{result['size']['large']:,}"
