"""One broker: a Java process, set up and started as the official image does it."""

import os
import subprocess
from pathlib import Path

from tests.apache_kafka import compose
from tests.apache_kafka.errors import NoApacheKafkaError

DEFAULTS = Path(__file__).with_name("default-configs")  # the image has them in /etc/kafka/docker
# The tests start Kafka often and use it briefly.
BRIEF = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]
ENDS_WITHIN_S = 30
# A JVM finds its files and its time zone by these; nothing named KAFKA_… of ours may reach it.
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "TZ", "SYSTEMROOT", "TEMP")


class Broker:
    """A broker with a folder of its own: `data`, `config` with the final server.properties, and its log."""

    def __init__(self, java: str, class_path: str, place: compose.Place) -> None:
        self._java, self._class_path = java, class_path
        self.name, self.place = place.service.name, place
        self.config, self.log = place.data.parent / "config", place.data.parent / f"{self.name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.config.mkdir(parents=True)

    @property
    def running(self) -> bool:
        """Whether its process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def port(self) -> int:
        """The port at which clients find it."""
        return self.place.ports[self.name, compose.CLIENT_PORT]

    @property
    def address(self) -> str:
        """Where clients find it."""
        return f"127.0.0.1:{self.port}"

    def set_up(self) -> None:
        """Begin what the image does first: write the final server.properties, format new storage."""
        folders = ["-D", DEFAULTS, "-M", self.config / "none-mounted", "-F", self.config]
        self._run("tools-log4j2.yaml", "kafka.docker.KafkaDockerWrapper", "setup", *folders)

    def start(self) -> None:
        """Begin to run; set_up must have begun before, and is waited for. Raises NoApacheKafkaError."""
        status = self._process.wait()
        if status and "already formatted" not in self.said():  # the image lets this pass as well
            raise self.failed("could not be set up")
        self._run("log4j2.yaml", "kafka.Kafka", self.config / "server.properties")

    def stop(self, kill: bool) -> None:
        """Return once its process has ended: orderly, or killed as by a power cut. Twice is fine."""
        if self.running:
            self._process.kill() if kill else self._process.terminate()
            try:
                self._process.wait(ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def said(self) -> str:
        """Its log so far."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def failed(self, how: str) -> NoApacheKafkaError:
        """The error that says why, by the log's last error."""
        signs = ("ERROR", "FATAL", "Exception", "error", "Error")
        errors = [line for line in self.said().splitlines() if any(sign in line for sign in signs)]
        taken = [line for line in errors if "Address already in use" in line]
        port = f"; port {self.port} or another of its ports is taken" if taken else ""
        reason = (taken or errors or ["its log says nothing"])[-1].strip()
        return NoApacheKafkaError(f"{self.name} {how}: {reason}{port}", f"read its log, {self.log}")

    def _run(self, log4j: str, main: str, *arguments: object) -> None:
        environment = compose.environment(self.place)
        heap = environment["KAFKA_HEAP_OPTS"].split()
        settings = [f"-Dlog4j2.configurationFile={DEFAULTS / log4j}", "-cp", self._class_path]
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._java, *heap, *BRIEF, *settings, main, *map(str, arguments)],
                env=inherited | environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.place.data.parent,
                start_new_session=True,  # Ctrl-C is for whoever started this, who then stops it
            )
