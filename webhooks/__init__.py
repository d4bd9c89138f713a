"""Telling programs elsewhere what happened in a business, over HTTP, signed."""
