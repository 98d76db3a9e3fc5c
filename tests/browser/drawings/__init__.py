"""Helpers of the tests of the drawing."""
