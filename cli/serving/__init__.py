"""HTTP serving: sockets, time-outs, garbage collector tuning, BLAS."""
