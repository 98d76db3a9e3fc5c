"""The demo: train the shipped digits through a temporary service."""
