"""What is decided: pure functions and step machines, no input or output."""
