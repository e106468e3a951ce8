"""Cameras that look for QR codes."""
