"""Webhooks, their outbox and their deliveries."""
