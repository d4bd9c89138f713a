"""What production would write into its log."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

from monitoring.logs import JsonFormatter


class Lines(logging.StreamHandler):
    def __init__(self) -> None:
        super().__init__(io.StringIO())
        self.setFormatter(JsonFormatter())

    @property
    def text(self) -> str:
        return str(self.stream.getvalue())

    @property
    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(one) for one in self.text.splitlines()]
