"""The geometry of the charts, and what they say to those who do not see them."""

from decimal import Decimal

import pytest
from django.template import engines

from pos import charts


@pytest.mark.parametrize(
    ("value", "top"),
    [
        ("0", "0"),
        ("1", "1"),
        ("1.2", "2"),
        ("31", "40"),
        ("999", "1000"),
        ("0.05", "0.06"),
        ("500", "600"),
    ],
)
def test_scale_ends_at_a_round_number(value: str, top: str) -> None:
    assert charts.round_up(Decimal(value)) == Decimal(top)


def test_bars_stand_on_zero_in_proportion() -> None:
    chart = charts.bar_chart([("a", Decimal(10)), ("b", Decimal(5)), ("c", Decimal(0))])
    assert [(bar.y, bar.height) for bar in chart.bars] == [
        ("0%", "100%"),
        ("50%", "50%"),
        ("100%", "0%"),
    ]
    assert [value for value, _y in chart.ticks] == [10, 5, 0]
    assert chart.zero == "100%"


def test_bars_below_zero_hang_from_it() -> None:
    chart = charts.bar_chart([("sale", Decimal(10)), ("refund", Decimal(-10))])
    assert chart.zero == "50%"
    assert (chart.bars[1].y, chart.bars[1].height) == ("50%", "50%")


def test_nothing_sold_is_a_flat_line_and_no_division_by_zero() -> None:
    assert charts.bar_chart([("a", Decimal(0))]).bars[0].height == "0%"
    assert charts.bar_chart([]).bars == []
    assert charts.shares([Decimal(0), Decimal(-1)]) == ["0%", "0%"]


def test_bar_chart_has_a_title_and_a_table() -> None:
    source = '{% bar_chart points title="Sales" currency="EUR" %}'
    html = (
        engines["django"].from_string(source).render({"points": [("1 <May>", 10), ("2 May", 2.5)]})
    )
    assert "<title>Sales</title>" in html
    assert "€12.50 in all" in html
    assert '<th scope="row">1 &lt;May&gt;</th><td class="num">€10.00</td>' in html
    assert html.count('class="bar"') == 2


def test_ranked_bars_link_and_scale() -> None:
    source = '{% ranked_bars points title="Best" %}'
    html = (
        engines["django"].from_string(source).render({"points": [("Tea", 8, "/tea/"), ("Mug", 2)]})
    )
    assert '<a class="truncate" href="/tea/">Tea</a>' in html
    assert 'width="25%"' in html
