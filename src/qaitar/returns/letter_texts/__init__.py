"""Texts for outside people (call centre, service centre, marketplace, customer), one file a language."""
