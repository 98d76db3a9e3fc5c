"""Objects with the lifetime of the API process: caches, pollers, broadcasters."""
