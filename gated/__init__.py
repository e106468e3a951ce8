"""The gate terminal and its hub."""
