"""Periodic maintenance by every worker, and the slow one by one of them."""
