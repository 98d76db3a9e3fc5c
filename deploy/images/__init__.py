"""Container images that Dockerfile and docker-compose.yml name, pinned by `./run pin-images`."""
