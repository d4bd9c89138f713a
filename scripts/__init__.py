"""What stands around the product: its virtual environment, its checks and throw-away services.

Everything here runs on the standard library of Python 3.11 alone, before anything is installed.
"""
