"""`qaitar import`: files of orders and of the cabinet."""
