"""A hash that a shop brought along lets its owner in, and nobody else, whatever they type."""

import bcrypt
import pytest
from django.contrib.auth.hashers import check_password, make_password

LONG = "ä" * 60


def imported(password: str, prefix: bytes = b"2b") -> str:
    hashed = bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4))
    return "bcrypt$" + hashed.replace(b"$2b$", b"$" + prefix + b"$", 1).decode()


@pytest.mark.parametrize("prefix", [b"2a", b"2b", b"2y"])
def test_the_hashes_of_all_systems_work(prefix: bytes) -> None:
    assert check_password("correct horse", imported("correct horse", prefix))
    assert not check_password("wrong horse", imported("correct horse", prefix))


@pytest.mark.parametrize("attempt", ["", "x" * 500, "ä" * 200, "nul\x00byte", "\U0001f40e" * 40])
def test_no_attempt_is_an_error(attempt: str) -> None:
    assert not check_password(attempt, imported("correct horse"))


def test_a_long_password_counts_with_its_first_72_bytes() -> None:
    assert check_password(LONG, imported(LONG))


def test_the_hash_is_replaced_at_the_first_success_and_not_before() -> None:
    saved: list[str] = []
    old = imported("correct horse")
    check_password("wrong", old, saved.append)
    assert saved == []
    check_password("correct horse", old, saved.append)
    assert saved == ["correct horse"]
    assert not make_password("correct horse").startswith("bcrypt")


def test_a_damaged_hash_lets_nobody_in() -> None:
    # The samples carry such stand-ins: the right length, and no password behind them.
    assert not check_password("x", "bcrypt$$2b$10$" + "x" * 53)
