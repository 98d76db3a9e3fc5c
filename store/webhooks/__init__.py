"""Webhooks, and their deliveries in a transactional outbox."""
