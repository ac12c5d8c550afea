"""The modular monolith: request-reply at its best, with a module for each actor's rule."""
