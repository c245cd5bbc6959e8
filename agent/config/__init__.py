"""YAML to frozen, checked configuration, or every problem at once. Never touches the network."""
