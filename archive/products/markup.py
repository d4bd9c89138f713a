"""Plain text out of the HTML that web shops keep as a description."""

from __future__ import annotations

import html
import re
from typing import Final

# Linear, whatever the text: a tag has no other angle bracket inside.
_TAG: Final = re.compile(r"(<[/!a-zA-Z][^<>]{0,4000}>)")
_NAME: Final = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)")
_UNSEEN: Final = frozenset({"script", "style", "title", "template"})
# fmt: off
_BLOCKS: Final = frozenset({
    "address", "article", "blockquote", "br", "dd", "div", "dl", "dt", "figure", "footer", "h1",
    "h2", "h3", "h4", "h5", "h6", "header", "hr", "ol", "p", "pre", "section", "table", "tr", "ul",
})
# fmt: on


def plain_text(markup: str) -> str:
    """The text that a reader of the page would see, with its paragraphs and list items on lines.

    Text without tags and entities comes back as it is; nothing is ever run or fetched.
    """
    if "<" not in markup and "&" not in markup:
        return markup
    pieces: list[str] = []
    hidden = ""
    for piece in _TAG.split(markup):
        name = _tag(piece)
        if name is None:
            if not hidden:
                pieces.append(re.sub(r"\s+", " ", html.unescape(piece)))
        elif hidden:
            hidden = "" if name == hidden and piece.startswith("</") else hidden
        elif name in _UNSEEN:
            hidden = "" if piece.startswith("</") else name
        elif name == "li":
            pieces.append("" if piece.startswith("</") else "\n- ")
        elif name in _BLOCKS:
            pieces.append("\n")
        elif name == "td":
            pieces.append(" ")
    lines = (" ".join(line.split()) for line in "".join(pieces).split("\n"))
    return "\n".join(line for line in lines if line)


def _tag(piece: str) -> str | None:
    """The small name of a tag, "" of a comment, None of text."""
    if not _TAG.fullmatch(piece):
        return None
    found = _NAME.match(piece)
    return found[1].lower() if found else ""
