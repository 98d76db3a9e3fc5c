"""HTTP details: bodies, multipart, ETags, digests, CSV responses, problem details."""
