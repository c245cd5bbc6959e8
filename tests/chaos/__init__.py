"""The chaos test: a real agent that is killed again and again while everything around it fails, and what must hold."""
