"""What guards see and press."""
