"""What was sold, to whom, by which store, paid how."""
