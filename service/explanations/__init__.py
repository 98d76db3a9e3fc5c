"""Explanation use cases: query and cancel the work that reaches a step."""
