"""A business on its way out: the file of `export_data`, and spreadsheets for people."""
