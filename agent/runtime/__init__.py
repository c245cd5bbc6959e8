"""The threads: how samples, events and envelopes move. May import ports and core only."""
