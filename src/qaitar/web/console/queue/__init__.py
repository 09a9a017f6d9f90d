"""The queue: its page, views, search, bulk decisions, what is new."""
