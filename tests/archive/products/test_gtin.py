"""Barcodes: which kind they are, and what is suspicious about them."""

from __future__ import annotations

import pytest

from archive.products.gtin import Kind, check, expand_upc_e, is_mangled_sku


@pytest.mark.parametrize(
    ("raw", "code", "kind"),
    [
        ("96385074", "96385074", Kind.GTIN_8),
        ("036000291452", "036000291452", Kind.GTIN_12),
        ("4006381333931", "4006381333931", Kind.GTIN_13),
        ("00012345678905", "00012345678905", Kind.GTIN_14),
        (" 4006381333931 ", "4006381333931", Kind.GTIN_13),
        ("'4006381333931", "4006381333931", Kind.GTIN_13),
        ("4006381333931.0", "4006381333931", Kind.GTIN_13),
        ("978-3-16-148410-0", "9783161484100", Kind.GTIN_13),
        ("4 006381 333931", "4006381333931", Kind.GTIN_13),
        ("04252614", "04252614", Kind.UPC_E),
        ("12345", "12345", Kind.FREE),
        ("BOX-0001", "BOX-0001", Kind.FREE),
    ],
)
def test_good_codes(raw, code, kind):
    found = check(raw)
    assert (found.code, found.kind, found.error, found.warning) == (code, kind, "", "")


def test_every_wrong_check_digit_is_seen():
    for digit in "023456789":
        found = check("400638133393" + digit)
        assert found.kind is Kind.FREE
        assert found.error == ""
        assert "its check digit would be 1" in found.warning


def test_a_lost_leading_zero_is_suspected_and_not_put_back():
    found = check("36000291452")
    assert found.code == "36000291452"
    assert "036000291452 would be a valid GTIN" in found.warning


@pytest.mark.parametrize("raw", ["5,9E+12", "4.00638E+12", "4.00638e+12", "4E+12", "4.006E12"])
def test_a_rounded_number_is_refused_with_advice(raw):
    found = check(raw)
    assert "format its column as text" in found.error


def test_a_code_that_is_too_long_is_refused():
    assert "64 characters" in check("X" * 65).error
    assert check("X" * 64).error == ""


def test_numbers_of_the_shop_itself_are_marked():
    assert check("2012345012752").is_internal
    assert not check("4006381333931").is_internal


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("04252614", "042100005264"),
        ("01234565", "012345000065"),
        ("01234531", "012300000451"),
        ("01234542", "012340000052"),
    ],
)
def test_upc_e_stands_for_twelve_digits(short, long):
    assert expand_upc_e(short)[:-1] == long[:-1]
    assert len(expand_upc_e(short)) == 12


def test_only_a_rounded_number_is_no_sku():
    assert is_mangled_sku("1.23E+12")
    assert not any(map(is_mangled_sku, ["1E5", "12E4", "A1.2E+3", "000123", "1.5"]))
