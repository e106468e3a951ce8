"""ID-card readers on a serial line."""
