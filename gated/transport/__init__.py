"""How bytes reach the broker."""
