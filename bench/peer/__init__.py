"""django-oscar, set up as its own sandbox is: in a virtual environment of its own, on PostgreSQL.

These modules run there and import nothing of the product.
"""
