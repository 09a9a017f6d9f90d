"""A shop to try things in: made-up merchants, people, orders and requests, living on the stand-ins."""
