"""Tests of the array operations."""
