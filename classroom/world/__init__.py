"""The running world: the company and its days, three designs at work, traffic, bills, a topic, mail."""
