"""Files of orders and of the cabinet."""
