"""The HTTP service: validates, stores and serves requests."""
