"""Words, sentences, letters and steps as people read them."""
