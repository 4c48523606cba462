"""Two orders built for real and compared: planned, run and shown."""
