"""Qaitar: after-sales for marketplace sellers, one self-hosted program."""
