"""Webhook use cases, and the delivery of events."""
