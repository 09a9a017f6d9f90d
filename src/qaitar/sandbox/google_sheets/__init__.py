"""A stand-in of Google Sheets: token endpoint, values of sheets, people who sort them, and faults."""
