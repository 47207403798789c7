"""What leaves the desk as a file: one conversation, or all that a search finds."""
