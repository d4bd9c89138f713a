"""The plain rows of the ordinary sale have all that is written of a model's, with its defaults."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

import pytest
from django.db.models import NOT_PROVIDED

from sales.models import Payment, Sale, SaleLine
from sales.rows import PlainLine, PlainPayment, PlainSale

# Given by the database, or known to `post` alone.
NOT_WRITTEN = {"business_id", "id", "sale_id"}


@pytest.mark.parametrize(
    ("plain", "model"), [(PlainSale, Sale), (PlainLine, SaleLine), (PlainPayment, Payment)]
)
def test_every_column_that_is_written_is_there(plain: Any, model: Any) -> None:
    named = {field.name for field in fields(plain)} | set(dir(plain))
    columns = {field.attname for field in model._meta.concrete_fields}
    assert columns - NOT_WRITTEN <= named


@pytest.mark.parametrize(
    ("plain", "model"), [(PlainSale, Sale), (PlainLine, SaleLine), (PlainPayment, Payment)]
)
def test_what_is_left_out_is_what_the_model_would_have(plain: Any, model: Any) -> None:
    by_name = {field.attname: field for field in model._meta.concrete_fields}
    for field in fields(plain):
        column = by_name.get(field.name)
        if column is None or field.default is MISSING or column.default is NOT_PROVIDED:
            continue
        assert field.default == column.get_default(), field.name
