"""`gated demo`: everything on loopback, with invented people at simulated wires."""
