"""The request-reply design: the app asks, everything happens, then it gets its answer."""
