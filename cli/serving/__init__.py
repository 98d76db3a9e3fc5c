"""HTTP serving: sockets, time-outs, garbage collection."""
