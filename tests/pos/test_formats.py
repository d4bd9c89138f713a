"""Amounts, quantities and times as people read them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from babel.core import Locale
from babel.localedata import locale_identifiers
from babel.numbers import format_currency, format_decimal
from django.utils import translation

from tenants import formats
from tenants.context import NoBusiness

DUBLIN = SimpleNamespace(currency="EUR", locale="en_IE", zone=ZoneInfo("Europe/Dublin"))
BERLIN = SimpleNamespace(currency="EUR", locale="de_DE", zone=ZoneInfo("Europe/Berlin"))
TOKYO = SimpleNamespace(currency="JPY", locale="ja_JP", zone=ZoneInfo("Asia/Tokyo"))
KUWAIT = SimpleNamespace(currency="KWD", locale="en_GB", zone=ZoneInfo("Asia/Kuwait"))


@pytest.mark.parametrize(
    ("amount", "business", "text"),
    [
        ("1234.5", DUBLIN, "€1,234.50"),
        ("1234.5", BERLIN, "1.234,50\xa0€"),
        ("0.125", DUBLIN, "€0.13"),
        ("-0.125", DUBLIN, "-€0.13"),
        ("1234.5", TOKYO, "￥1,235"),
        ("1.2345", KUWAIT, "KWD1.235"),
        ("2", "USD", "$2.00"),
        (None, DUBLIN, "–"),
        (0, DUBLIN, "€0.00"),
        ("9" * 28, DUBLIN, f"€{int('9' * 28):,}.00"),
    ],
)
def test_money(amount: str | None, business: object, text: str) -> None:
    assert formats.money(amount, business) == text


def test_numbers_are_written_as_babel_writes_them_in_every_locale() -> None:
    odd = []
    values = [Decimal(text) for text in ("0", "-0.5", "999.99", "-1234.5", "1234567.891")]
    for code in locale_identifiers():
        locale = Locale.parse(code)
        shop = SimpleNamespace(locale=code)
        for shop.currency in ("EUR", "JPY", "KWD"):
            for value in values:
                exact = formats._minor(value, shop.currency)
                written = format_currency(exact, shop.currency, locale=locale)
                odd += [written] if formats.money(value, shop) != written else []
        with translation.override(code):
            for value in values if formats.house_locale() == locale else ():
                written = format_decimal(value, locale=locale, decimal_quantization=False)
                odd += [written] if formats.quantity(value) != written else []
    assert odd == []


def test_most_amounts_are_written_without_babel(monkeypatch: pytest.MonkeyPatch) -> None:
    assert formats.money("1", BERLIN) == "1,00\xa0€"
    monkeypatch.setattr(formats, "format_currency", None)
    assert formats.money("-1234567.5", BERLIN) == "-1.234.567,50\xa0€"


def test_money_without_a_business_is_refused() -> None:
    with pytest.raises(NoBusiness):
        formats.money("1")


def test_amount_leaves_the_currency_out() -> None:
    assert formats.amount("1234.5", BERLIN) == "1.234,50"
    assert formats.amount("1234.5", TOKYO) == "1,235"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("100.0000", "100"),
        ("0.2500", "0.25"),
        ("-3.0000", "-3"),
        ("1234.5678", "1,234.5678"),
        (None, "–"),
    ],
)
def test_quantity(value: str | None, text: str) -> None:
    assert formats.quantity(None if value is None else Decimal(value)) == text


def test_quantity_follows_the_language() -> None:
    with translation.override("de"):
        assert formats.quantity(Decimal("1234.5000")) == "1.234,5"


@pytest.mark.parametrize(("rate", "text"), [("19.0000", "19%"), ("5.5000", "5.5%"), ("0", "0%")])
def test_percentage(rate: str, text: str) -> None:
    assert formats.percentage(Decimal(rate)) == text


def test_times_are_shown_where_they_happened() -> None:
    just_before_midnight = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    assert formats.local_date(just_before_midnight, DUBLIN) == "Jul 1, 2026"
    assert formats.local_date(just_before_midnight, BERLIN) == "Jul 2, 2026"
    assert "12:30" in formats.local_time(just_before_midnight, "Europe/Berlin")
    assert "11:30" in formats.local_clock(just_before_midnight, DUBLIN.zone)


def test_plain_date_needs_no_zone() -> None:
    assert formats.local_date(date(2026, 7, 1)) == "Jul 1, 2026"


@pytest.mark.parametrize("place", [None, "", SimpleNamespace()])
def test_time_without_a_zone_is_refused(place: object) -> None:
    with pytest.raises(ValueError, match="location, a business or a zone"):
        formats.local_time(datetime(2026, 7, 1, tzinfo=UTC), place)


def test_unknown_locale_falls_back_to_english() -> None:
    assert formats.parse_locale("xx_YY") == Locale("en")
    assert formats.parse_locale("pt-br") == Locale("pt", "BR")
