"""Which changes of a Dockerfile could save something? One file per kind; each yields changes, `proposal.py` scores them."""
