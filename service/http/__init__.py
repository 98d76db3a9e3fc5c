"""HTTP details: bodies, media types, multipart, ETags, digests, CSV; prefixes and their errors."""
