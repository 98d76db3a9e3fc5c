"""Use cases of the Open Inference Protocol, version 2: metadata, readiness, inference."""
