"""Why there is no Apache Kafka: one sentence, and the next step."""


class NoApacheKafkaError(RuntimeError):
    """Apache Kafka cannot be started here."""

    def __init__(self, sentence: str, next_step: str) -> None:
        super().__init__(f"{sentence}\nNext: {next_step}")
