"""The web console, put together: what it shows comes from the running agent, what it sets in motion goes there."""
