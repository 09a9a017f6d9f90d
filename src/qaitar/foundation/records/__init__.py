"""What is kept beside a subject so that it is found."""
