"""What `peer.Bot` is made of: handlers and commands by annotation, schedules, state, and how they are served."""
