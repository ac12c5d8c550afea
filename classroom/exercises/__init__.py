"""What each exercise must do, and who is harmed if it does not. Read them after you have tried."""
