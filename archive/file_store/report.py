"""What an import of a JSON file store did, or why it did nothing."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from archive.file_store.reading import Faults
from archive.models import ImportBatch

ZERO: Final = Decimal(0)


class StoreRefused(Exception):
    """Nothing was written. The message is one sentence; `report.faults` say what is wrong."""

    def __init__(self, message: str, report: Report) -> None:
        super().__init__(message)
        self.report = report


@dataclass(slots=True)
class Report:
    """What came in, or would; amounts in the business's currency."""

    customers_created: int = 0
    customers_same: int = 0
    entries_created: int = 0
    entries_same: int = 0
    by_kind: dict[str, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))
    #: Credit of all customers of the store afterwards, as its entries make it.
    credit: Decimal = ZERO
    #: Customers whose balance was brought into line by a correction.
    corrected: int = 0
    faults: Faults = field(default_factory=Faults)
    #: The row that was made for it.
    batch: ImportBatch | None = None

    @property
    def is_new(self) -> bool:
        return bool(self.customers_created or self.entries_created)

    def as_json(self) -> dict[str, Any]:
        return {
            "customers": {"created": self.customers_created, "same": self.customers_same},
            "entries": {"created": self.entries_created, "same": self.entries_same},
            "by_kind": {kind: f"{amount:.4f}" for kind, amount in sorted(self.by_kind.items())},
            "credit": f"{self.credit:.4f}",
            "corrected": self.corrected,
            "fault_count": self.faults.count,
            "faults": [str(fault) for fault in self.faults.rows],
        }
