"""Job use cases: create, resolve, query, command, stream events."""
