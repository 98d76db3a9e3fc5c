"""Entry point of `python -m cli`, the `backpropd` command."""

from cli.main import app

app(prog_name="backpropd")
