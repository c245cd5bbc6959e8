"""Does the agent hold for hours while its cameras and its broker come and go: see docs/performance.md."""
