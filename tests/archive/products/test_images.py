"""Pictures of imported products: from an archive, and from public addresses alone."""

from __future__ import annotations

import io
import socket
import threading
import time
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from archive.models import ImportBatch
from archive.products import addresses, images
from archive.products.addresses import NotFetched, fetch
from archive.products.images import Pictures
from archive.products.importing import import_products, undo_import
from inventory.models import Product, StockMovement
from tenants.errors import Refused
from tests.archive.products.importing_them import contents, sheet
from tests.factories import Shop

pytestmark = pytest.mark.django_db

HEADER = "Name,SKU,Price,Image"
ROWS = ["Red cup,CUP-1,4,cup.PNG", "Lamp,L-1,9,lamp.png", "Vase,V-1,9,", "Bowl,B-1,1,bowl.png"]


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


def drawing(colour: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (20, 10), colour).save(out, "PNG")
    return out.getvalue()


def archive(**files: bytes) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, data in files.items():
            made.writestr(f"pictures/{name}.png", data)
    return out


def bring(shop: Shop, pictures: io.BytesIO | None, **options: Any) -> ImportBatch:
    return import_products(
        sheet(ROWS, HEADER), name="p.csv", mapping=None, options=options,
        actor=shop.owner, pictures=pictures,
    )  # fmt: skip


def files(media: Path) -> int:
    return sum(one.is_file() for one in media.rglob("*"))


def test_from_an_archive_a_bad_one_is_a_warning(inside: Shop, media: Path) -> None:
    batch = bring(inside, archive(cup=drawing(), lamp=b"no picture"))
    assert str(Product.objects.get(name="Red cup").image).endswith(".webp")
    assert not Product.objects.get(name="Lamp").image
    assert batch.report["counts"]["pictures"] == 1
    assert [(one["row"], one["value"]) for one in batch.report["warnings"]] == [
        (5, "bowl.png"), (3, "lamp.png")
    ]  # fmt: skip
    assert files(media) == 1


def test_a_second_run_brings_none_and_undo_takes_them_away(
    inside: Shop, media: Path, django_capture_on_commit_callbacks: Any
) -> None:
    before = contents()
    batch = bring(inside, archive(cup=drawing()))
    between = contents()
    assert bring(inside, archive(cup=drawing()))._state.adding
    assert contents() == between
    with django_capture_on_commit_callbacks(execute=True):
        undo_import(batch, actor=inside.owner)
    assert contents() == before
    assert files(media) == 0


def test_an_import_that_fails_leaves_no_files(
    inside: Shop, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: object) -> None:
        raise Refused("stop", "Stop.")

    monkeypatch.setattr("archive.products.journal.Journal.close", fail)
    with pytest.raises(Refused):
        bring(inside, archive(cup=drawing()))
    assert files(media) == 0


def test_what_is_no_archive_is_refused(inside: Shop) -> None:
    with pytest.raises(Refused) as refused:
        bring(inside, io.BytesIO(b"PK nothing"))
    assert refused.value.code == "bad_archive"


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com/a.png", "file:///etc/passwd", "https://user@example.com/a.png",
        "https://example.com:8443/a.png", "https:///a.png", "https://[::1/a.png", "ftp://x/y",
    ],
)  # fmt: skip
def test_only_https_on_its_own_port(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", never)
    with pytest.raises(NotFetched):
        fetch(address, limit=100)


def never(*_arguments: object, **_options: object) -> Any:
    raise AssertionError("this must not be asked")


def names(*found: str) -> Any:
    return lambda *_a, **_o: [(2, 1, 6, "", (one, 443)) for one in found]


def test_one_private_address_among_several_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", names("93.184.215.14", "10.0.0.1"))
    monkeypatch.setattr(socket, "create_connection", never)
    with pytest.raises(NotFetched, match="public"):
        fetch("https://example.com/a.png", limit=100)


class Answers:
    """Stands for the internet: {(host, path): (status, headers, body)}."""

    def __init__(self, answers: dict[tuple[str, str], tuple[int, dict[str, str], bytes]]) -> None:
        self.answers = answers

    def __call__(self, host: str, address: str, deadline: float) -> Any:
        self.host = host
        return self

    def request(self, _verb: str, path: str, headers: object) -> None:
        self.path = path

    def getresponse(self) -> Any:
        self.status, self.headers, body = self.answers[self.host, self.path]
        self.body = io.BytesIO(body)
        return self

    def read1(self, size: int) -> bytes:
        return self.body.read(size)

    def close(self) -> None:
        pass


def test_redirects_are_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    internet = Answers(
        {
            ("a.example", "/1"): (302, {"Location": "https://b.example/2"}, b""),
            ("b.example", "/2"): (200, {}, b"picture"),
            ("a.example", "/in"): (302, {"Location": "https://inside.example/"}, b""),
            ("a.example", "/plain"): (302, {"Location": "http://b.example/2"}, b""),
            ("a.example", "/round"): (302, {"Location": "/round"}, b""),
            ("a.example", "/broken"): (302, {"Location": "//["}, b""),
            ("a.example", "/large"): (200, {}, b"x" * 101),
            ("a.example", "/gone"): (404, {}, b""),
        }
    )
    where = {"inside.example": "169.254.169.254"}

    def resolve(host: str, *_a: object, **_o: object) -> Any:
        return [(2, 1, 6, "", (where.get(host, "93.184.215.14"), 443))]

    monkeypatch.setattr(addresses, "_Connection", internet)
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert fetch("https://a.example/1", limit=100) == b"picture"
    for path, reason in (
        ("in", "public"),
        ("plain", "https"),
        ("round", "next"),
        ("broken", "no address"),
        ("large", "larger"),
        ("gone", "404"),
    ):
        with pytest.raises(NotFetched, match=reason):
            fetch(f"https://a.example/{path}", limit=100)


def test_stock_is_posted_after_the_pictures(inside: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tills would wait at the locked levels for as long as others take to send a picture."""
    posted: list[int] = []
    bring = Pictures.bring

    def brought(*given: Any) -> int:
        posted.append(StockMovement.objects.filter(kind="correction").count())
        done = bring(*given)
        posted.append(StockMovement.objects.filter(kind="correction").count())
        return done

    monkeypatch.setattr(Pictures, "bring", brought)
    rows = sheet(["Blue mug,MUG-1,99,mug.png"], "Name,SKU,Stock,Image")
    options = {"stock": "count", "location": "HS"}
    import_products(
        rows, name="p.csv", mapping=None, options=options, actor=inside.owner,
        pictures=archive(mug=drawing()),
    )  # fmt: skip
    assert posted == [0, 0]
    assert StockMovement.objects.filter(kind="correction").count() == 1


def test_an_empty_picture_of_the_archive_is_not_fetched_instead(
    inside: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "fetch", never)
    rows = sheet(["Red cup,CUP-1,4,https://slow.example/cup.png"], HEADER)
    batch = import_products(
        rows, name="p.csv", mapping=None, options={}, actor=inside.owner, pictures=archive(cup=b"")
    )
    assert [one["row"] for one in batch.report["warnings"]] == [2]
    assert not Product.objects.get(name="Red cup").image


def test_few_pictures_are_unpacked_at_once(inside: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    open_now, most = 0, 0
    unpacked, drawn = Pictures._unpacked, images._picture

    def unpack(self: Pictures, one: Any) -> Any:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        return unpacked(self, one)

    def draw(one: Any, data: Any) -> Any:
        nonlocal open_now
        result = drawn(one, data)
        with lock:
            open_now -= 1
        return result

    lock = threading.Lock()
    monkeypatch.setattr(Pictures, "_unpacked", unpack)
    monkeypatch.setattr(images, "_picture", draw)
    rows = sheet([f"Cup {n},CUP-{n},4,cup.png" for n in range(20)], HEADER)
    batch = import_products(
        rows, name="p.csv", mapping=None, options={}, actor=inside.owner,
        pictures=archive(cup=drawing()),
    )  # fmt: skip
    assert batch.report["counts"]["pictures"] == 20
    assert most <= 8


@pytest.mark.parametrize("begin", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_an_answer_that_drips_ends_at_the_deadline(
    monkeypatch: pytest.MonkeyPatch, begin: bytes
) -> None:
    """Each byte comes in time, the whole never would."""
    ours, theirs = socket.socketpair()
    over = threading.Event()

    def drip() -> None:
        with theirs, suppress(OSError):
            theirs.sendall(begin)
            while not over.wait(0.05):
                theirs.sendall(b"x")

    def connect(self: Any) -> None:
        self.sock = ours

    monkeypatch.setattr(addresses._Connection, "connect", connect)
    monkeypatch.setattr(addresses, "LONGEST", 0.5)
    monkeypatch.setattr(socket, "getaddrinfo", names("93.184.215.14"))
    server = threading.Thread(target=drip)
    server.start()
    began = time.monotonic()
    try:
        with pytest.raises(NotFetched, match="too long"):
            fetch("https://slow.example/a.png", limit=100_000)
    finally:
        over.set()
        server.join()
    # Without the limit the picture would take more than an hour.
    assert time.monotonic() - began < 60


def test_an_answer_is_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair()

    def connect(self: Any) -> None:
        self.sock = ours

    monkeypatch.setattr(addresses._Connection, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", names("93.184.215.14"))
    with theirs:
        theirs.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"picture" * 99)
        theirs.shutdown(socket.SHUT_WR)
        assert fetch("https://a.example/a.png", limit=100_000) == b"picture" * 99
