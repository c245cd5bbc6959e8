"""How well the agent does: reports against `truth` (`matching`, `scores`), detections against labels (`accuracy`)."""
