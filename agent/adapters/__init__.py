"""One module per outside thing (camera, model, database, broker, disk, clock). May import ports and core only."""
