"""Java, and Kafka's jars: fetched by Maven into its own cache, once."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.apache_kafka.errors import NoApacheKafkaError

POM = Path(__file__).with_name("pom.xml")
OLDEST_JAVA = 17  # what brokers of Kafka 4 need
FETCHED_WITHIN_S = 600
WITHOUT = "or use Docker (python3 lab.py kafka up), or the embedded broker, which needs nothing."
UNREACHABLE = (
    "unknownhost",
    "unknown host",
    "name or service not known",
    "temporary failure in name resolution",
    "connect to ",
    "connection refused",
    "connection timed out",
    "network is unreachable",
    "no route to host",
)


def java() -> str:
    """The command that runs Java. Raises NoApacheKafkaError if there is none, or an older one than 17."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    next_step = f"install a Java runtime, {OLDEST_JAVA} or newer, {WITHOUT}"
    if found is None:
        raise NoApacheKafkaError("Apache Kafka needs Java, and no `java` was found.", next_step)
    said = subprocess.run([found, "-version"], capture_output=True, text=True, check=False).stderr
    if java_version(said) < OLDEST_JAVA:
        first = (said.splitlines() or ["nothing"])[0]
        raise NoApacheKafkaError(
            f"Apache Kafka 4 needs Java {OLDEST_JAVA} or newer, and {found} says {first!r}.", next_step
        )
    return found


def java_version(said: str) -> int:
    """The major version in what `java -version` says: 17, or 8 for "1.8.0_402"; 0 if there is none."""
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(found[1]) if found else 0


def class_path() -> str:
    """The class path of this Kafka. Raises NoApacheKafkaError if Maven is missing or cannot fetch it."""
    maven = shutil.which("mvn")
    if maven is None:
        raise NoApacheKafkaError(
            "Kafka's jars come by Maven, and no `mvn` was found.", f"install Maven 3, {WITHOUT}"
        )
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder, "class_path.txt")
        if _ask(maven, answer, "--offline").returncode:  # much faster, when all has been fetched before
            fetched = _ask(maven, answer)
            if fetched.returncode:
                raise why_not_fetched(fetched.stdout)
        return answer.read_text(encoding="utf-8").strip()


def _ask(maven: str, answer: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [maven, *options, "--batch-mode", "--quiet", "--file", str(POM)]
    command += ["dependency:build-classpath", f"-Dmdep.outputFile={answer}"]
    settings = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    try:
        return subprocess.run(command, text=True, check=False, timeout=FETCHED_WITHIN_S, **settings)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, f"Connection timed out after {FETCHED_WITHIN_S} s")


def why_not_fetched(said: str) -> NoApacheKafkaError:
    """The error that says why Maven, which said this, has not fetched the jars."""
    lines = [line for line in said.splitlines() if line.startswith("[ERROR]")] or said.splitlines() or [""]
    reason = lines[0].removeprefix("[ERROR] ")
    if any(sign in said.lower() for sign in UNREACHABLE):
        return NoApacheKafkaError(
            f"Maven cannot reach Maven Central, where Kafka's jars are: {reason}",
            "connect to the internet, or name a proxy or mirror in ~/.m2/settings.xml; once is enough.",
        )
    return NoApacheKafkaError(
        f"Maven could not fetch Kafka's jars: {reason}",
        f"see what it says: mvn --file {POM} dependency:build-classpath",
    )
