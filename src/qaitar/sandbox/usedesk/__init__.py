"""A stand-in of Usedesk: tickets and comments of one account, its manners and its faults."""
