"""HTTP, one module for each thing that is shown: thin handlers between a port and JSON."""
