"""Job use cases: create, resolve, query, command, follow."""
