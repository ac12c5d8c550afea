"""What a change costs, measured on copies of the source: whose bills move, which tests run again."""
