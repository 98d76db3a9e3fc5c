"""The job state machine: claims, leases, commands, progress, events, dispatch."""
