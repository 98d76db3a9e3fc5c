"""Webhook use cases, and the sender of deliveries."""
