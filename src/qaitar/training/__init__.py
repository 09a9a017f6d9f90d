"""Practice for newcomers: a shop of their own for an hour, scored against the policy from its journal."""
