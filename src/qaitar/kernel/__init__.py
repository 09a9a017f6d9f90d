"""Values everything is built from: money, identifiers, phones, calendars, refusals. Pure."""
