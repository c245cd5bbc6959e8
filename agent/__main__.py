"""`python -m agent` is `cityeye`."""

from agent.cli import main

main()
