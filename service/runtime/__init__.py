"""What lives as long as the API process: caches, pollers, broadcasters."""
