"""Approvals by a second person: one row an approval, tied to what was approved."""
