"""Tables and files people take away: XLSX and CSV, safe to open."""
