"""Names of the work that pages ask for; the work itself is imported when its turn comes."""

# What people choose from, and the job that makes it.
FORMS = {"json": "export.data", "csv": "export.csv", "xlsx": "export.xlsx"}
WHOLE_ARCHIVE = "leave.archive"
