"""Products and their stock from a spreadsheet: read, planned, applied, taken back."""
