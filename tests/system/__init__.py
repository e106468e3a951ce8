"""Tests of running programs. A package, so that their world ends with the last of them."""
