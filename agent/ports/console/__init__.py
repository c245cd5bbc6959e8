"""The seams of the web console: one module for each thing that it shows or sets in motion."""
