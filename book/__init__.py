"""The book: every chapter as a page that can be read anywhere. Nothing is run when it is built or read."""
