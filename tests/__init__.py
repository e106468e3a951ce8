"""Tests, named as the packages they test."""
