"""The operator's guide inside the console."""
