"""Wrong keys and damaged files: one sentence, and nothing is restored."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.conf import settings as present
from django.core.management import CommandError

from backups import keys, manifest, restoring
from backups.stores import store_at
from tests.backups.installation import Installation


def refused(house: Installation, *words: str) -> str:
    """What `restore` says of the backup; it has left the empty installation empty."""
    house.drop()
    before = house.rows()
    with pytest.raises(CommandError) as error:
        house.run("restore", *words)
    assert house.rows() == before
    assert [path for path in (house.var / "media").rglob("*") if path.is_file()] == []
    assert list(house.var.glob(".scratch-*")) == []
    told = str(error.value)
    assert "\n" not in told and told.endswith(".")
    return told


def part(house: Installation, name: str, begin: str) -> Path:
    (found,) = (house.store / name).glob(f"{begin}*")
    return found


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def cut_after_a_piece(path: Path) -> None:
    """Where a piece of 64 kB and its mark end: behind the header and 16 bytes of chance."""
    content = path.read_bytes()
    head = content.index(b"\n", content.index(b"\n--- ") + 1) + 1 + 16
    os.truncate(path, head + (len(content) - head - 1) // 65552 * 65552)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "cut by a byte": lambda path: os.truncate(path, path.stat().st_size - 1),
    "cut in the middle": lambda path: os.truncate(path, path.stat().st_size // 2),
    "cut after a piece": cut_after_a_piece,
    "empty": lambda path: os.truncate(path, 0),
    "a byte of the header": lambda path: flip(path, 60),
    "a byte in the middle": lambda path: flip(path, path.stat().st_size // 2),
    "the last byte": lambda path: flip(path, -1),
    "something appended": lambda path: path.write_bytes(path.read_bytes() + b"more"),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("which", ["database", "pictures"])
def test_a_damaged_part(house, taken, which, damage):
    DAMAGES[damage](part(house, taken, which))
    assert "damaged" in refused(house)


def test_a_part_that_is_another_backups(house, taken):
    house.run("backup")
    newer = store_at().names()[-1]
    part(house, newer, "pictures").write_bytes(part(house, taken, "pictures").read_bytes())
    assert "is not the one that was made" in refused(house, "--at", newer)


def test_a_missing_part(house, taken):
    part(house, taken, "pictures").unlink()
    assert "lacks its part pictures.tar.age" in refused(house)


def test_another_key(house, taken, settings):
    settings.BACKUP_IDENTITY = keys.new_key()[1]
    assert "encrypted to another key" in refused(house)


@pytest.mark.parametrize(
    ("identity", "sentence"),
    [
        ("", "The secret key is missing"),
        ("AGE-SECRET-KEY-1NONSENSE", "malformed"),
        ("/nowhere/key.txt", "neither AGE-SECRET-KEY-… nor a file that can be read"),
    ],
)
def test_a_key_that_is_none(house, taken, settings, identity, sentence):
    settings.BACKUP_IDENTITY = identity
    assert sentence in refused(house)


def test_a_key_in_a_file(house, taken, settings, tmp_path):
    file = tmp_path / "key.txt"
    file.write_text(f"# made on a Tuesday\n{settings.BACKUP_IDENTITY}\n")
    settings.BACKUP_IDENTITY = str(file)
    house.drop()
    assert "Restored" in house.run("restore")


def test_several_people_can_read_it(house, settings):
    other = keys.new_key()
    settings.BACKUP_RECIPIENTS = [*settings.BACKUP_RECIPIENTS, other[0]]
    house.run("backup")
    settings.BACKUP_IDENTITY = other[1]
    house.drop()
    assert "Restored" in house.run("restore")


@pytest.mark.parametrize("recipient", ["age1nonsense", "somebody"])
def test_a_public_key_that_is_none(house, settings, recipient):
    settings.BACKUP_RECIPIENTS = [recipient]
    with pytest.raises(CommandError, match="is no public key of age"):
        house.run("backup")
    assert not house.store.exists()


def test_without_any_key_nothing_is_written(house, settings):
    settings.BACKUP_RECIPIENTS, settings.BACKUP_IDENTITY = [], ""
    with pytest.raises(CommandError, match="Nobody could read the backup"):
        house.run("backup")
    assert not house.store.exists()


def test_a_passphrase(house, settings):
    settings.BACKUP_RECIPIENTS, settings.BACKUP_IDENTITY = [], ""
    settings.BACKUP_PASSPHRASE = "seven green mugs on a shelf"
    before = house.rows()
    house.run("backup")
    settings.BACKUP_PASSPHRASE = "six green mugs"
    assert "not the one that this backup was made with" in refused(house)
    settings.BACKUP_PASSPHRASE = ""
    assert "set BACKUP_PASSPHRASE" in refused(house)
    settings.BACKUP_PASSPHRASE = "seven green mugs on a shelf"
    house.run("restore")
    assert house.rows()["sales_saleline"] == before["sales_saleline"]


# -- the manifest ---------------------------------------------------------------------------------


def test_a_manifest_that_was_changed(house, taken):
    path = house.store / taken / "manifest.json"
    content = json.loads(path.read_text())
    content["tables"]["sales_sale"]["rows"] = 7
    path.write_text(json.dumps(content))
    assert "another APP_ENCRYPTION_KEY, or was changed since" in refused(house)


def test_a_backup_of_somebody_else(house, taken, settings):
    """Whoever knows the public key can encrypt to it; restoring would run what is inside."""
    settings.APP_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    assert "another APP_ENCRYPTION_KEY" in refused(house)
    house.run("restore", "--foreign")
    assert house.rows()["sales_sale"].total() == 2


def test_a_key_that_was_rotated_since(house, taken, settings):
    settings.APP_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.APP_ENCRYPTION_KEYS]
    house.drop()
    house.run("restore")
    assert "names of" in house.run("drill_backup")


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"seal": "x"}', "\xff"])
def test_a_manifest_that_is_none(house, taken, text):
    (house.store / taken / "manifest.json").write_text(text, encoding="latin-1")
    assert "manifest" in refused(house)
    assert "is damaged" in house.run("backup", "--list")


def test_what_has_no_manifest_is_no_backup(house, taken):
    (house.store / taken / "manifest.json").unlink()
    assert "There is no backup in" in refused(house)


def test_rows_that_the_manifest_does_not_tell_of(house, taken):
    """A program of PostgreSQL that loses rows without a word would be found out."""
    with house.as_owner():
        known = restoring.look(store_at(), taken)
    fewer = replace(known.tables["sales_payment"], rows=1)
    changed = replace(known, tables={**known.tables, "sales_payment": fewer})
    (house.store / taken / "manifest.json").write_bytes(manifest.written(changed))
    assert "sales_payment" in refused(house)


def test_a_value_that_the_manifest_does_not_tell_of(house, taken):
    with house.as_owner():
        known = restoring.look(store_at(), taken)
    other = replace(known.tables["sales_payment"], sum="12345")
    changed = replace(known, tables={**known.tables, "sales_payment": other})
    (house.store / taken / "manifest.json").write_bytes(manifest.written(changed))
    assert "sales_payment" in refused(house)


def test_nothing_of_a_shop_is_readable_in_the_store(house, taken):
    # Long ones: four letters in a row come about by chance among so many bytes.
    secrets = [b"acme.owner", b"Blue mug", b"mug.jpg", b"Kitchen", b"Europe/Amsterdam"]
    secrets.append(present.SECRET_KEY.encode())
    for file in (house.store / taken).iterdir():
        content = file.read_bytes()
        assert [secret for secret in secrets if secret in content] == [], file.name
        assert file.stat().st_mode & 0o077 == 0
