"""Tables to try the service with, and trainings recorded for its page."""
