"""What outlives a process: tables, transactions, blobs, and the queue's doorbell."""
