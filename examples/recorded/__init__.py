"""Recorded steps of small trainings, which the page draws without a service's job."""
