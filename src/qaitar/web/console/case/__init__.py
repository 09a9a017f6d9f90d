"""One return request: the card, acts, notes, evidence, journal, what undoes them."""
