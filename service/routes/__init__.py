"""Route handlers: thin adapters between HTTP and the use cases."""
