"""What the text of a cell is worth: numbers, yes and no, text; and what is refused with a reason."""

from __future__ import annotations

from decimal import Decimal

import pytest

from archive.fitting import Unfit
from archive.products.fields import yes_or_no
from archive.products.markup import plain_text
from archive.products.numbers import amount, doubt_number, number, percent
from archive.tables import Exact

D = Decimal


@pytest.mark.parametrize(
    ("text", "worth"),
    [
        ("5", "5"), ("1.50", "1.5"), ("1,50", "1.5"), ("0,5", "0.5"), (".5", "0.5"), ("5.", "5"),
        ("1.234,56", "1234.56"), ("1,234.56", "1234.56"), ("1 234,56", "1234.56"),
        ("1\u00a0234,56", "1234.56"), ("1'234.50", "1234.5"), ("1’234.50", "1234.5"),
        ("12,34,567.00", "1234567"), ("1.234.567", "1234567"), ("1234567", "1234567"),
        ("$1,234.56", "1234.56"), ("£2", "2"), ("5 €", "5"), ("€5", "5"), ("12 EUR", "12"),
        ("CHF 1'234.50", "1234.5"), ("kr 5", "5"), ("5 zł", "5"), ("5,-", "5"), ("-$5", "-5"),
        ("(1.50)", "-1.5"), ("1.50-", "-1.5"), ("−3", "-3"), ("+3", "3"),
        ("١٫٥", "1.5"), ("٢", "2"), ("５５", "55"), ("0.0012", "0.0012"), ("0,0012", "0.0012"),
        ("0.125", "0.125"), ("0,125", "0.125"), ("1234,567", "1234.567"), ("2.00005", "2.0001"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("comma", [True, False])
def test_numbers_that_can_be_read_in_one_way_only(text, worth, comma):
    assert number(text, decimal_comma=comma) == D(worth)


@pytest.mark.parametrize(
    ("text", "with_point", "with_comma"),
    [("1.275", "1.275", "1275"), ("1,275", "1275", "1.275"), ("12.500", "12.5", "12500")],
)
def test_numbers_that_depend_on_the_table(text, with_point, with_comma):
    assert number(text, decimal_comma=False) == D(with_point)
    assert number(text, decimal_comma=True) == D(with_comma)
    assert number(Exact("1.275"), decimal_comma=True) == D("1.275")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("twelve", "not a number"), ("12 kg", "not a number"), ("1,2,3", "not a number"),
        ("1.2.3", "not a number"), ("--1", "not a number"), ("", "not a number"),
        ("#", "not a number"), ("1;2", "not a number"), ("0x10", "not a number"),
        ("NaN", "not a finite"), ("nan", "not a finite"), ("Infinity", "not a finite"),
        ("-inf", "not a finite"), ("∞", "not a finite"), ("1e400", "exponent"), ("1E5", "exponent"),
        ("123456789012345", "too large"), ("9" * 5000, "too large"), (Exact("inf"), "finite"),
        (Exact("nan"), "finite"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_refused(text, reason):
    with pytest.raises(Unfit, match=reason):
        number(text, decimal_comma=False)


def test_a_price_is_not_below_zero():
    assert amount("0", decimal_comma=False) == 0
    with pytest.raises(Unfit, match="below zero"):
        amount("-0.01", decimal_comma=False)


def test_doubts_about_numbers():
    def doubt(text: str, *, is_mixed: bool = False) -> str:
        return doubt_number(text, number(text, decimal_comma=False), is_mixed=is_mixed)

    assert "1.275 was taken" in doubt("1.275", is_mixed=True)
    assert doubt("1.275") == doubt("1.25", is_mixed=True) == doubt("0.125", is_mixed=True) == ""
    assert "rounded" in doubt("1.23456")
    assert doubt("1.23450000") == ""


@pytest.mark.parametrize(
    ("text", "rate"),
    [("20%", "20%"), ("20", "20%"), ("7,7 %", "7.7%"), ("6.625%", "6.625%"), (Exact("19%"), "19%")],
)
def test_percentages(text, rate):
    assert percent(text, decimal_comma=False) == rate


@pytest.mark.parametrize("text", ["VAT", "-5", "1001", ""])
def test_what_is_no_percentage(text):
    with pytest.raises(Unfit):
        percent(text, decimal_comma=False)


@pytest.mark.parametrize("text", ["1", "yes", "Y", "TRUE", "Ja", "oui", "да", "✓", "x", "نعم"])
def test_yes(text):
    assert yes_or_no(text) is True


@pytest.mark.parametrize("text", ["0", "no", "N", "FALSE", "Nein", "non", "нет", "✗", "لا"])
def test_no(text):
    assert yes_or_no(text) is False


@pytest.mark.parametrize("text", ["maybe", "2", "", "yes!"])
def test_neither(text):
    with pytest.raises(Unfit, match="neither yes nor no"):
        yes_or_no(text)


def test_html_becomes_text():
    assert plain_text("<p>Warm &amp; soft</p><ul><li>Wool</li><li>Red</li></ul>end") == (
        "Warm & soft\n- Wool\n- Red\nend"
    )
    assert plain_text("a<script>alert('<b>')</script>b<style>p{}</style>c<!-- no -->d") == "abcd"
    assert plain_text("5 < 6 and 7 > 6") == "5 < 6 and 7 > 6"
    assert plain_text("one<br>two<br/>three") == "one\ntwo\nthree"
    assert plain_text("no markup\n\n at all ") == "no markup\n\n at all "


def test_html_of_the_worst_kind_takes_no_time():
    for text in ("<" * 100_000, "<script>" * 12_000, "<a " * 33_000, "&" * 100_000):
        assert isinstance(plain_text(text), str)
