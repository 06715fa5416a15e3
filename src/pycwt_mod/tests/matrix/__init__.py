"""Tests of the matrix of many pairs."""
