"""Control dates and what happens when one comes near."""
