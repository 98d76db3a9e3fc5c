"""The work of a training job: open it, train, record, finish."""
