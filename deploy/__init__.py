"""Packaging of the service: what is prepared before a release, not part of the wheel."""
