"""MLServer with a runtime of the same network, in an environment of its own."""
