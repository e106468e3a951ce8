"""The program at the gate."""
