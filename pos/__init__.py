"""The Django project: settings, URLs and what every page shares.

Not the till: the till is in `sales/`.
"""
