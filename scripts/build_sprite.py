"""Write one SVG sprite out of a folder of single icons: build_sprite.py ICONS_FOLDER TARGET."""

import re
import sys
from pathlib import Path

ICONS = """
arrow-down arrow-left arrow-right arrow-up badge-percent ban banknote barcode boxes building-2
calendar chart-column check chevron-down chevron-left chevron-right chevron-up chevrons-up-down
circle-alert circle-check clock cloud-off copy credit-card download ellipsis external-link eye
file-text folder-tree hash history image inbox info key-round keyboard languages layout-dashboard lock log-out
mail map-pin menu minus monitor moon package pause pencil pencil-line percent play plus printer
receipt refresh-cw ruler scale scan-barcode search settings shield shopping-cart sliders-horizontal
smartphone star store sun sun-moon tag tags trash-2 triangle-alert truck undo-2 upload user users
wallet wrench x
"""


def symbol(name: str, source: str) -> str:
    """Return the drawing of one icon as a symbol; presentation comes from the sprite's user."""
    body = re.search(r"<svg[^>]*>(.*)</svg>", source, re.DOTALL)
    if body is None:
        raise SystemExit(f"{name}.svg holds no <svg> element.")
    drawing = re.sub(r"\s*\n\s*", "", body[1]).strip()
    return f'<symbol id="{name}" viewBox="0 0 24 24">{drawing}</symbol>'


def main() -> None:
    folder, target = Path(sys.argv[1]), Path(sys.argv[2])
    symbols = [symbol(name, (folder / f"{name}.svg").read_text()) for name in ICONS.split()]
    lines = [
        '<svg xmlns="http://www.w3.org/2000/svg">',
        "<!-- Lucide icons, ISC licence: see vendor/lucide/LICENSE. Made by scripts/vendor.sh. -->",
        *symbols,
        "</svg>",
    ]
    target.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
