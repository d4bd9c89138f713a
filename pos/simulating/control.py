"""The control: a terminal that makes a new id for each try, as many do. The check must fail then."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from typing import Any

from tillbook_client import Request, Response, Transport, uuid7


class WithoutIds:
    """Puts another id into every sale that passes, and the old one back into the answer."""

    def __init__(self, way: Transport) -> None:
        self.way = way
        #: {the id that the terminal knows: those that the server was told}
        self.told: defaultdict[str, list[str]] = defaultdict(list)
        self._lock = threading.Lock()

    def send(self, request: Request, *, timeout: float) -> Response:
        if request.method != "POST" or not request.path.startswith("/api/v1/sales"):
            return self.way.send(request, timeout=timeout)
        body = json.loads(request.body or b"{}")
        sales = body.get("sales", [body])
        known = {new: old for old, new in (self._renew(one) for one in sales)}
        changed = Request(request.method, request.path, request.headers, json.dumps(body).encode())
        answer = self.way.send(changed, timeout=timeout)
        text = answer.body.decode()
        for new, old in known.items():
            text = text.replace(new, old)
        return Response(answer.status, answer.headers, text.encode())

    def _renew(self, sale: dict[str, Any]) -> tuple[str, str]:
        old, new = sale["id"], str(uuid7())
        sale["id"] = new
        # A number of its own would give the second one away.
        sale.pop("number", None)
        with self._lock:
            self.told[old].append(new)
        return old, new
