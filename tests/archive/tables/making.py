"""Files for the tests of tables, made on the spot."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

from archive.products.drafts import ProductDraft, ReadOptions
from archive.products.mapping import detect
from archive.products.readers import read_drafts
from archive.tables import Table, open_table

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def opened(content: bytes | str, **stated: Any) -> Table:
    data = content.encode() if isinstance(content, str) else content
    return open_table(io.BytesIO(data), name="file", **stated)


def rows(content: bytes | str, **stated: Any) -> list[tuple[int, list[str]]]:
    return [(number, list(cells)) for number, cells in opened(content, **stated).rows()]


def drafts(
    content: bytes | str, preset: str | None = None, options: ReadOptions | None = None
) -> list[ProductDraft]:
    table = opened(content)
    return list(read_drafts(table, detect(table.columns, preset), options))


def workbook(*lines: Sequence[Any], formats: dict[str, str] | None = None) -> bytes:
    """What a spreadsheet would save; `formats` by the cell's place."""
    from openpyxl import Workbook

    book = Workbook()
    sheet: Any = book.active
    for line in lines:
        sheet.append(line)
    for place, shown_as in (formats or {}).items():
        sheet[place].number_format = shown_as
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def crafted_workbook(sheet: str, strings: str = "", before: str = "") -> bytes:
    """A workbook whose XML no spreadsheet would write: `sheet` and `strings` as they are."""
    head = f'<?xml version="1.0"?>{before}'
    parts = {
        "[Content_Types].xml": (
            f'<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="xml" ContentType="application/xml"/>'
            '<Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
            f'<Override PartName="/xl/s1.xml" ContentType="{_KIND}.worksheet+xml"/>'
            f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_KIND}.sharedStrings+xml"/>'
            "</Types>"
        ),
        "_rels/.rels": _links(("officeDocument", "xl/workbook.xml")),
        "xl/_rels/workbook.xml.rels": _links(
            ("worksheet", "worksheets/sheet1.xml"), ("sharedStrings", "sharedStrings.xml")
        ),
        "xl/workbook.xml": (
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}"><sheets>'
            '<sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>'
        ),
        "xl/worksheets/sheet1.xml": f'{head}<worksheet xmlns="{_MAIN}">{sheet}</worksheet>',
        "xl/sharedStrings.xml": f'{head}<sst xmlns="{_MAIN}">{strings}</sst>',
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return file.getvalue()


def _links(*links: tuple[str, str]) -> str:
    told = "".join(
        f'<Relationship Id="rId{number}" Type="{_LINKS}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(links, 1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{told}</Relationships>'


def inline(row: int, *texts: str) -> str:
    cells = "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in texts)
    return f'<row r="{row}">{cells}</row>'


def told(value: object) -> str:
    """The name of a case by its text: files differ from one second to the next, and are long."""
    return value if isinstance(value, str) else "file"
