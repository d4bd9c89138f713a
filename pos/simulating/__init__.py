"""Terminals that sell against a running server, and whether its books are exact afterwards.

`shop` makes the business, `terminals` sell through clients/python, `faults` is the bad network
between, `control` forgets the ids to show that the check can fail, `judging` compares what the
terminals know with the books, `picture` and `report` tell.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

# A package of its own beside the product: installed, or as it lies here.
if find_spec("tillbook_client") is None:
    sys.path.append(str(Path(__file__).resolve().parents[2] / "clients" / "python"))
