"""What `lab.py` calls in the Python of .venv, a module per command. Nobody imports them."""
