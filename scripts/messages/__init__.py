"""What scripts/contract.py writes besides schemas: one valid example per message, and the AsyncAPI document."""
