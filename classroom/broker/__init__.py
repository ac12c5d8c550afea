"""Which Kafka? `cluster.connect()` answers with one address and the client settings that fit it."""
