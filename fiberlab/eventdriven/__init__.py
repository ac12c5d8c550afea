"""The event-driven design: the gateway says what happened, and by whom; whoever cares listens."""
