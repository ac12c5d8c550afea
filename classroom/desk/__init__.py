"""The reader's desk: predictions, outcomes of checks, progress, and the map of the workbook."""
