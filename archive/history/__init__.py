"""The sales of an older system, brought in as history: what they were, and never priced again.

`mapping.py` says which column is what, `reading.py` reads lines, `survey.py` counts what a file
holds, `documents.py` puts lines together and says what kind they are, `matching.py` finds products
and customers, `report.py` accounts for every line, `importing.py` does it all.
"""
