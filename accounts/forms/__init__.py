"""The forms of the pages; what they ask for is done by people, roles, places and passwords."""
