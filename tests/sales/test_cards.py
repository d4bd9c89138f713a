"""Card numbers are recognised where they were typed by mistake; other numbers are let be."""

from __future__ import annotations

import pytest

from sales.cards import holds_card_number


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "4111.1111.1111.1111",
        "Visa 4111 1111 1111 1111 12/27 123",
        "order 77, 378282246310005",
        "6011 0009 9013 9424",
        "4222222222222",
        "4111\u00a01111\u00a01111\u00a01111",
        "４１１１１１１１１１１１１１１１",
        "1 - 4111 1111 1111 1111",
    ],
)
def test_a_card_number(text: str) -> None:
    assert holds_card_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Carla",
        "1111",
        "4111111111111112",
        "4111 1111 1111",
        "+31 6 1234 5678",
        "Order 2026-11-21 no. 17",
        "0000000000000000",
        "74627474627474627474627",
    ],
)
def test_no_card_number(text: str) -> None:
    assert not holds_card_number(text)
