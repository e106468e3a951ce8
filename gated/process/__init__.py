"""How a program lives and dies."""
