"""`python -m cli` is the `backpropd` command."""

from cli.main import app

app(prog_name="backpropd")
