"""Counting what keys ask for: limits by the day and month, credits, and how much is left."""
