"""Google Sheets as a register: implements `Register` over the Sheets API v4 (developers.google.com/sheets), read 2026-11."""
