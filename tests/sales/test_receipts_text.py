"""The receipt as 42 columns of text, line by line."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from textwrap import dedent

import pytest

from inventory.models import TaxRate
from sales.models import Payment, Sale
from sales.receipts import WIDTH, columns, text_lines
from tests.factories import Shop, make_product, make_shift
from tests.sales.refunding import back, refund, swap
from tests.sales.selling import fixed, percent, sell, void

MOMENT = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)


@pytest.fixture
def counter(inside: Shop) -> Shop:
    """An open shift at a counter with an address, a tax number and a greeting."""
    inside.business.tax_number = "NL123"
    inside.business.save()
    place = inside.high_street
    place.address, place.phone = "High Street 1\nAmsterdam", "020 123"
    place.receipt_header, place.receipt_footer = "Tea and more", "Thank you!\nSee you soon."
    place.save()
    make_shift(inside)
    return inside


def body(sale: Sale, **kwargs: bool) -> str:
    """The text after the head, which is the same for all."""
    fresh = Sale.objects.get(pk=sale.pk)
    lines = text_lines(fresh, **kwargs)
    assert all(columns(line) <= WIDTH for line in lines)
    return "\n".join(line.rstrip() for line in lines)


def test_a_plain_sale(counter: Shop) -> None:
    sale = sell(
        counter, (counter.mug, "2"), (counter.tea, "0.5"), cash="20.00", customer=True, at=MOMENT
    )
    assert body(sale) == dedent("""\
                           Acme
                       High Street
                      High Street 1
                        Amsterdam
                         020 123
                    VAT number: NL123
                       Tea and more
        ------------------------------------------
        Receipt                        ACM1-000001
        Date                     2 Jul 2026, 00:30
        Till                                Till 1
        Served by              Acme.Cashier Person
        Customer                     Carla of acme
        ------------------------------------------
        Blue mug
          2 pc × 5.00                        10.00
        Green tea
          0.5 kg × 12.99                      6.50
        ------------------------------------------
        Total                               €16.50
        Cash                                 20.00
        Change                                3.50
        ------------------------------------------
        VAT                Net       Tax     Total
        VAT 20%          13.75      2.75     16.50
        ------------------------------------------
                        Thank you!
                      See you soon.""").replace("\n\n", "\n")


def after_the_facts(sale: Sale, **kwargs: bool) -> str:
    return (
        body(sale, **kwargs)
        .split("-" * WIDTH + "\n", 2)[2]
        .split("\n" + "-" * WIDTH + "\n     ")[0]
    )


def test_discounts(counter: Shop) -> None:
    sale = sell(
        counter,
        (counter.mug, "2", percent(10)),
        (counter.wrapping, "1", fixed("0.50")),
        discount=percent(5),
        card="9.50",
    )
    assert after_the_facts(sale) == dedent("""\
        Blue mug
          2 pc × 5.00                        10.00
          Discount 10%                       -1.00
        Gift wrapping
          1 pc × 1.50                         1.50
          Discount                           -0.50
        ------------------------------------------
        Subtotal                             10.00
        Discount 5%                          -0.50
        Total                                €9.50
        Visa ****4242                         9.50
        ------------------------------------------
        VAT                Net       Tax     Total
        VAT 20%           7.91      1.59      9.50""")


def test_several_taxes_some_of_them_added(counter: Shop) -> None:
    low = TaxRate.objects.create(name="Reduced", rate=Decimal("5.5"))
    book = make_product("Book", sku="B", price="10.00", is_stocked=False, tax_rate=low)
    plain = make_product("Stamp", sku="S", price="1.20", is_stocked=False)
    trade = make_product(
        "Sack of tea", sku="T", price="100.00", is_stocked=False, tax_rate=counter.tax,
        tax_inclusive=False,
    )  # fmt: skip
    sale = sell(counter, (book, "1"), (plain, "5"), (trade, "1"))
    assert after_the_facts(sale) == dedent("""\
        Book
          1 × 10.00                          10.00
        Stamp
          5 × 1.20                            6.00
        Sack of tea
          1 × 100.00                        100.00
        ------------------------------------------
        Subtotal                            116.00
        VAT                                  20.00
        Total                              €136.00
        Cash                                136.00
        ------------------------------------------
        VAT                Net       Tax     Total
        0%                6.00      0.00      6.00
        Reduced 5.5%      9.48      0.52     10.00
        VAT 20%         100.00     20.00    120.00""")


def test_cash_rounded_to_coins(counter: Shop) -> None:
    counter.business.cash_step = Decimal("0.05")
    counter.business.save()
    sale = sell(counter, (counter.tea, "1"), cash="20.00")
    assert after_the_facts(sale) == dedent("""\
        Green tea
          1 kg × 12.99                       12.99
        ------------------------------------------
        Subtotal                             12.99
        Rounding                              0.01
        Total                               €13.00
        Cash                                 20.00
        Change                                7.00
        ------------------------------------------
        VAT                Net       Tax     Total
        VAT 20%          10.82      2.17     12.99""")


def test_a_void_and_what_it_voided(counter: Shop) -> None:
    sale = sell(counter, (counter.mug, "2", percent(10)), cash="20.00")
    reversal = void(counter, sale, reason="Rang up twice")
    text = body(reversal, copy=True)
    assert text.startswith("               *** VOID ***\n               *** COPY ***\n")
    assert "Voids                          ACM1-000001\n" in text
    assert "Reason                       Rang up twice\n" in text
    assert after_the_facts(reversal) == dedent("""\
        Blue mug
          -2 pc × 5.00                      -10.00
          Discount 10%                        1.00
        ------------------------------------------
        Total                               -€9.00
        Cash                                 -9.00
        ------------------------------------------
        VAT                Net       Tax     Total
        VAT 20%          -7.50     -1.50     -9.00""")
    text = body(sale)
    assert text.startswith("              *** VOIDED ***\n")
    assert "Voided by                     ACM1-V000001\n" in text


def test_a_refund_names_its_sale_and_what_comes_back(counter: Shop) -> None:
    sale = sell(counter, (counter.mug, "2", percent(10)), (counter.tea, "1"), cash="30.00")
    document = refund(counter, sale, back(1), back(2, "0.125"))
    text = body(document)
    assert text.startswith("              *** REFUND ***\n")
    assert "Refund of                      ACM1-000001\n" in text
    assert "Reason                           Too small\n" in text
    assert after_the_facts(document) == dedent("""\
        Blue mug
          -1 pc × 5.00                       -5.00
          Discount                            0.50
        Green tea
          -0.125 kg × 12.99                  -1.62
        ------------------------------------------
        Total                               -€6.12
        Cash                                 -6.12
        ------------------------------------------
        VAT                Net       Tax     Total
        VAT 20%          -5.10     -1.02     -6.12""")
    # The sale itself is what it was.
    assert not text_lines(Sale.objects.get(pk=sale.pk))[0].startswith("***")


def test_an_exchange_shows_both_ways(counter: Shop) -> None:
    sale = sell(counter, (counter.mug, "1"))
    document = swap(
        counter, sale, [back(1)], (counter.wrapping, "4"),
        total="1.00", ways=[(Payment.Method.CASH, "2.00")],
    )  # fmt: skip
    text = body(document)
    assert text.startswith("             *** EXCHANGE ***\n")
    assert "Exchange of                    ACM1-000001\n" in text
    assert after_the_facts(document) == dedent("""\
        Blue mug
          -1 pc × 5.00                       -5.00
        Gift wrapping
          4 pc × 1.50                         6.00
        ------------------------------------------
        Total                                €1.00
        Cash                                  2.00
        Change                                1.00
        ------------------------------------------
        VAT                Net       Tax     Total
        VAT 20%           0.83      0.17      1.00""")


def test_what_is_too_long_is_broken_between_words(counter: Shop) -> None:
    name = "A teapot of the finest porcelain with a lid and a golden rim"
    long = make_product(name, sku="L", price="1234567.89", is_stocked=False, tax_rate=counter.tax)
    wide = make_product("茶" * 30, sku="W", is_stocked=False)
    lines = text_lines(sell(counter, (long, "1000"), (wide, "1")))
    assert all(columns(line) <= WIDTH for line in lines)
    assert "A teapot of the finest porcelain with a" in lines
    assert "lid and a golden rim" in lines
    assert "茶" * 21 in lines
    assert "  1,000 × 1,234,567.89    1,234,567,890.00" in lines


def test_figures_stand_apart_from_names_written_from_right_to_left(counter: Shop) -> None:
    tea = make_product("شاي أخضر", sku="AR", is_stocked=False)
    lines = text_lines(sell(counter, (tea, "1")))
    at = lines.index("شاي أخضر")
    assert lines[at + 1].split() == ["1", "×", "5.00", "5.00"]


def test_a_currency_without_cents(counter: Shop) -> None:
    counter.business.currency = "JPY"
    counter.business.save()
    bowl = make_product("Bowl", sku="BOWL", price="1500", is_stocked=False)
    text = body(sell(counter, (bowl, "2"), cash="5000"))
    assert "Total                             JP¥3,000" in text
    assert "Change                               2,000" in text
