"""Whatever happens to a good file: drafts, problems, or one sentence. Never anything else."""

from __future__ import annotations

import unicodedata
from collections import Counter
from decimal import Decimal

import pytest

from archive.products.drafts import ProductDraft
from archive.tables import TableError
from tests.archive.products.good_files import FILES
from tests.archive.products.mutations import MUTATIONS, mutated
from tests.archive.tables.making import drafts

COUNT = 200
PLACES = Decimal("0.0001")


@pytest.mark.parametrize("preset", FILES, ids=lambda preset: preset or "plain")
def test_two_hundred_mutations_of_a_good_file(preset):
    outcomes: Counter[str] = Counter()
    for name, content in mutated(FILES[preset].encode(), COUNT, seed=len(preset)):
        try:
            found = drafts(content)
        except TableError as refused:
            _check_sentence(str(refused), name)
            outcomes["refused"] += 1
            continue
        for draft in found:
            _check(draft, name)
        _check_codes([draft for draft in found if draft.is_good], name)
        outcomes["good" if all(draft.is_good for draft in found) else "problems"] += 1
    # All three happen, or the mutations do not do what they are for.
    assert min(outcomes[kind] for kind in ("good", "problems", "refused")) > COUNT // 20, outcomes
    assert outcomes.total() == COUNT


def test_every_mutation_changes_the_file():
    changed = dict.fromkeys((mutation.__name__ for mutation in MUTATIONS), False)
    content = FILES[""].encode()
    for name, result in mutated(content, 400, seed=1):
        _number, *used = name.split()
        if len(used) == 1 and result != content:
            changed[used[0]] = True
    assert changed == dict.fromkeys(changed, True)


def _check_sentence(told: str, name: str) -> None:
    assert told.endswith("."), (name, told)
    assert "Traceback" not in told
    assert "Error" not in told
    assert len(told) < 400, (name, told)


def _check(draft: ProductDraft, name: str) -> None:
    assert draft.row >= 1, name
    assert draft.variations, name
    for problem in draft.problems:
        assert problem.reason, name
        assert problem.level in ("error", "warning"), name
        assert len(problem.value) <= 60, (name, problem)
    for text in (draft.name, draft.sku, draft.brand or "", draft.description or ""):
        assert text == text.strip() == unicodedata.normalize("NFC", text), (name, text)
        assert "\x00" not in text, (name, text)
    if not draft.is_good:
        return
    assert draft.name or any(one.sku or one.barcodes for one in draft.variations), (name, draft)
    single = len(draft.variations) == 1 and not draft.variations[0].name
    assert draft.kind == ("single" if single else "variable"), (name, draft)
    names = [one.name.casefold() for one in draft.variations]
    assert len(set(names)) == len(names), (name, draft)
    for one in draft.variations:
        amounts = [one.cost, one.price, *one.prices.values(), *one.stock.values()]
        for amount in amounts:
            if amount is not None:
                assert amount.is_finite(), (name, one)
                assert amount == amount.quantize(PLACES), (name, one)
                assert abs(amount) < 10**14, (name, one)
        assert all(price >= 0 for price in [one.cost or 0, one.price or 0, *one.prices.values()])


def _check_codes(good: list[ProductDraft], name: str) -> None:
    skus = [one.sku.casefold() for draft in good for one in draft.variations if one.sku]
    barcodes = [code for draft in good for one in draft.variations for code in one.barcodes]
    assert len(set(skus)) == len(skus), (name, skus)
    assert len(set(barcodes)) == len(barcodes), (name, barcodes)
