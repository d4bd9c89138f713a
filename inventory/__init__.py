"""Products, prices and stock. `ledger.py` is the only writer of stock."""
