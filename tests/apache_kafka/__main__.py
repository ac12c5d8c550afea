"""Run Apache Kafka as docker-compose.yml describes it, without Docker: `python3 lab.py kafka run`."""

import argparse
import signal
import sys
import time

from tests.apache_kafka.apache_kafka import ApacheKafka
from tests.apache_kafka.errors import NoApacheKafkaError


def main() -> None:
    """Run until Ctrl-C; with --for-tests, on free ports and until standard input ends."""
    parser = argparse.ArgumentParser(prog="lab.py kafka run", description=__doc__.split(":")[0])
    parser.add_argument("--cluster", action="store_true", help="three brokers instead of one")
    parser.add_argument("--for-tests", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    with ApacheKafka("cluster" if asked.cluster else None, ports_as_written=not asked.for_tests) as kafka:
        if asked.for_tests:
            serve_a_test_run(kafka)
        else:
            serve_a_person(kafka)


def serve_a_test_run(kafka: ApacheKafka) -> None:
    """Say the address; return when the input ends, and keep the logs if its last word was "keep"."""
    print(kafka.bootstrap_servers, flush=True)
    if sys.stdin.read() == "keep\n":
        print(f"The logs of Apache Kafka are kept: {kafka.folder}", flush=True)
        kafka.keep_logs = True


def serve_a_person(kafka: ApacheKafka) -> None:
    """Say how to use it; return when a broker has ended, or on Ctrl-C."""
    print("Apache Kafka runs; Ctrl-C ends it, and its topics with it. In another terminal:")
    print(f"export KAFKA_BOOTSTRAP_SERVERS={kafka.bootstrap_servers}", flush=True)
    while all(broker.running for broker in kafka.brokers.values()):
        time.sleep(0.5)
    raise next(b for b in kafka.brokers.values() if not b.running).failed("has ended")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        main()
    except (NoApacheKafkaError, KeyboardInterrupt) as end:
        sys.exit(str(end) or "\nApache Kafka has ended; nothing of it is left.")
