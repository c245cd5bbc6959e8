"""City Eye edge agent: street cameras in, verified incidents out."""

__version__ = "0.1.0"
