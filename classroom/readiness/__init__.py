"""Are you ready? An organization's numbers and what was measured, turned into cents and a verdict."""
