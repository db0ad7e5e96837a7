"""Eight peers that come, go, freeze and die for half an hour: what was said is heard, and nothing is left behind."""
