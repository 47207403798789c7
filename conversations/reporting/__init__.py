"""What was counted, and how it is shown: reports."""
