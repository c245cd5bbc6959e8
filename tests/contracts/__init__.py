"""Contracts of the ports: base classes that run against each fake and each real adapter."""
