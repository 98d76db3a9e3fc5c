"""The job state machine of every kind of work; `training/` adds what only trainings have."""
