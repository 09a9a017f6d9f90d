"""How dates and numbers are written, by language: what Django has none of for Kazakh, and one way of it for all."""
