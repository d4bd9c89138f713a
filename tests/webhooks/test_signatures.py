"""Signatures: the golden vectors, and the receiver's side as docs/api.md shows it."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from webhooks import signing

ROOT = Path(__file__).resolve().parents[2]
CASES = json.loads((ROOT / "tests/vectors/webhook_signatures.json").read_text())["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_vectors(case: dict[str, Any]) -> None:
    """They were made by openssl and not by us."""
    found = signing.signature(
        case["secret"],
        message_id=case["id"],
        timestamp=case["timestamp"],
        body=case["body"].encode(),
    )
    assert found == case["signature"]


def test_a_secret_has_256_bits_of_its_own() -> None:
    secrets = {signing.new_secret() for _number in range(100)}
    assert len(secrets) == 100
    for one in secrets:
        assert one.startswith("whsec_")
        assert len(base64.b64decode(one.removeprefix("whsec_"), validate=True)) == 32


def listing(language: str) -> str:
    """The code in docs/api.md that checks a signature."""
    section = (ROOT / "docs/api.md").read_text().split("## Webhooks", 1)[1].split("\n## ", 1)[0]
    found = re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)
    [code] = [one for one in found if "signature" in one]
    return str(code)


def signed(timestamp: int, secrets: list[str], body: bytes) -> dict[str, str]:
    return signing.headers(secrets, message_id="m-1", timestamp=timestamp, body=body)


def test_the_python_of_the_guide() -> None:
    code = listing("python")
    assert len(code.strip().splitlines()) <= 12
    names: dict[str, Any] = {}
    exec(code, names)
    old, new, body = signing.new_secret(), signing.new_secret(), b'{"total": "4.50"}'
    headers = signed(int(time.time()), [new, old], body)
    assert names["is_from_tillbook"](new, headers, body)
    assert names["is_from_tillbook"](old, headers, body)
    assert not names["is_from_tillbook"](signing.new_secret(), headers, body)
    assert not names["is_from_tillbook"](new, headers, body + b" ")
    assert not names["is_from_tillbook"](new, {**headers, "webhook-id": "m-2"}, body)
    late = signed(int(time.time()) - 600, [new], body)
    assert not names["is_from_tillbook"](new, late, body)


def test_the_shell_of_the_guide(tmp_path: Path) -> None:
    secret, body = signing.new_secret(), 'a "body" with € and $HOME\n'.encode()
    headers = signed(1767225600, [secret], body)
    (tmp_path / "body").write_bytes(body)
    environment = {
        "PATH": "/usr/bin:/bin",
        "SECRET": secret,
        "ID": headers["webhook-id"],
        "TIMESTAMP": headers["webhook-timestamp"],
    }
    answer = subprocess.run(
        ["bash", "-euc", listing("sh")],
        env=environment,
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert answer.stdout.strip() == headers["webhook-signature"]
