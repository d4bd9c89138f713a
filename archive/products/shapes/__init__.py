"""How the rows of a table make products: a module for each way in which other systems write them.

Each has `read(lines)`, which yields drafts in the order of the file and keeps no more of it than
one product needs.
"""
