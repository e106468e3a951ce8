"""The hardware; nothing of gated is imported here."""
