"""Does a Kafka answer? Within seconds, and without a thread left behind if not."""

import threading
from collections.abc import Callable

from kafka import KafkaConsumer
from kafka.errors import KafkaError, KafkaTimeoutError

from fiberlab.kafka.sentences import START, NoKafkaError

ANSWER_WITHIN_S = 5


class Consumer(KafkaConsumer):
    """A consumer that leaves no thread behind where no Kafka answers it."""

    def __init__(self, **settings: object) -> None:
        try:
            super().__init__(**settings)
        except BaseException:
            if "_net" in vars(self):  # its thread runs already
                self._net.stop()
            raise


def answered(make: Callable[[], KafkaConsumer], address: str) -> KafkaConsumer:
    """A new consumer that knows the topics; NoKafkaError, and nothing left of it, if no answer comes."""
    try:
        consumer = make()
        _wait_for_topics(consumer)
    except (KafkaError, OSError) as error:
        said = f"no Kafka answered at {address!r} within {ANSWER_WITHIN_S} s; {START}"
        raise NoKafkaError(said) from error
    return consumer


def _wait_for_topics(consumer: KafkaConsumer) -> None:
    """With a watchdog: `topics` waits for ever, `bootstrap` ignores its timeout, but closing ends both."""
    closing, too_late = {"autocommit": False, "timeout_ms": 500}, threading.Event()

    def close() -> None:
        too_late.set()
        consumer.close(**closing)

    watchdog = threading.Timer(ANSWER_WITHIN_S, close)
    watchdog.name = "watchdog"
    watchdog.start()
    try:
        consumer.topics()
    except BaseException:
        consumer.close(**closing)
        raise
    finally:
        watchdog.cancel()
        watchdog.join()
    if too_late.is_set():  # the topics came while it was being closed
        raise KafkaTimeoutError(f"the topics came after {ANSWER_WITHIN_S} s")
