"""How many cameras one box carries, and what others need for the same: see docs/performance.md."""
