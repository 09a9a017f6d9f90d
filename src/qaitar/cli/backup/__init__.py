"""`qaitar backup` and `qaitar restore`."""
