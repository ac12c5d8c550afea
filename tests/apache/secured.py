"""Apache Kafka with TLS, logins and rights, at listeners besides the compose file's: for tests of getting in.

ann may do everything with what begins with fiberlab.ann., by any of the logins or a certificate; bob is
let in and may do nothing. Whoever comes without a login may do everything, where that is possible.
"""

import base64
import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography.hazmat.primitives import serialization as keys
from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from tests.apache_kafka.apache_kafka import ApacheKafka

PASSWORD = "annes-geheimnis-7f3a"
# Each extra listener: its port, and how it is spoken to. ASTRAY sends its clients to a port of nobody's.
LISTENERS = {
    "TLS": (9101, "SSL"),
    "MUTUAL": (9102, "SSL"),
    "SECURE": (9103, "SASL_SSL"),
    "LOGIN": (9104, "SASL_PLAINTEXT"),
    "ASTRAY": (9105, "PLAINTEXT"),
}
LOGIN_MODULES = {
    "PLAIN": f'plain.PlainLoginModule required user_ann="{PASSWORD}" user_bob="{PASSWORD}";',
    "SCRAM___SHA___512": "scram.ScramLoginModule required;",
    "OAUTHBEARER": 'oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";',
}


@dataclass(frozen=True)
class Secured:
    """A broker, and the files that its clients need."""

    kafka: ApacheKafka
    folder: Path

    def at(self, listener: str, host: str = "127.0.0.1") -> str:
        """The address of a listener."""
        return f"{host}:{self.kafka.ports['kafka', LISTENERS[listener][0]]}"

    @property
    def plain(self) -> str:
        """The address at which there is neither TLS nor a login."""
        return self.kafka.bootstrap_servers

    def file(self, name: str) -> str:
        """The path of ca.pem, another-ca.pem, client.pem or client.key."""
        return str(self.folder / name)


@contextmanager
def secured(folder: Path) -> Iterator[Secured]:
    """The broker, once its users and their rights are known."""
    write_certificates(folder)
    with ApacheKafka(besides=environment(folder)) as kafka:
        with closing(KafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)) as admin:
            for user in ("ann", "bob"):
                scram = UserScramCredentialUpsertion(user, ScramMechanism.SCRAM_SHA_512, PASSWORD)
                assert admin.alter_user_scram_credentials([scram]) == {user: None}
            assert not admin.create_acls([right(kind) for kind in ("TOPIC", "GROUP")])["failed"]
        yield Secured(kafka, folder)


def right(kind: str) -> ACL:
    """That ann may do everything with topics, or groups, whose names begin with hers."""
    hers = ResourcePattern(ResourceType[kind], "fiberlab.ann.", ACLResourcePatternType.PREFIXED)
    return ACL("User:ann", "*", ACLOperation.ALL, ACLPermissionType.ALLOW, hers)


def environment(folder: Path) -> dict[str, str]:
    """What the broker is told besides what the compose file says."""
    extra = "".join(f",{name}://:{port}" for name, (port, _) in LISTENERS.items())
    protocols = "".join(f",{name}:{protocol}" for name, (_, protocol) in LISTENERS.items())
    three = "CLIENT:PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT"
    told = {
        "KAFKA_LISTENERS": f"CLIENT://:9092,BROKER://:9094,CONTROLLER://:9093{extra}",
        "KAFKA_ADVERTISED_LISTENERS": "CLIENT://127.0.0.1:9092,BROKER://kafka:9094"
        + extra.replace("//:", "//127.0.0.1:").replace("127.0.0.1:9105", "127.0.0.1:9"),
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": three + protocols,
        "KAFKA_SSL_KEYSTORE_TYPE": "PEM",
        "KAFKA_SSL_KEYSTORE_LOCATION": str(folder / "broker.pem"),
        "KAFKA_SSL_TRUSTSTORE_TYPE": "PEM",
        "KAFKA_SSL_TRUSTSTORE_LOCATION": str(folder / "ca.pem"),
        "KAFKA_LISTENER_NAME_MUTUAL_SSL_CLIENT_AUTH": "required",
        "KAFKA_LISTENER_NAME_MUTUAL_SSL_PRINCIPAL_MAPPING_RULES": "RULE:^.*$/ann/",
        "KAFKA_AUTHORIZER_CLASS_NAME": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "KAFKA_SUPER_USERS": "User:ANONYMOUS",
    }
    for listener in ("SECURE", "LOGIN"):
        prefix = f"KAFKA_LISTENER_NAME_{listener}"
        told[f"{prefix}_SASL_ENABLED_MECHANISMS"] = "PLAIN,SCRAM-SHA-512,OAUTHBEARER"
        for mechanism, module in LOGIN_MODULES.items():
            told[f"{prefix}_{mechanism}_SASL_JAAS_CONFIG"] = f"org.apache.kafka.common.security.{module}"
    return told


def write_certificates(folder: Path) -> None:
    """A signer's certificate, the broker's and a client's of this signer, and another signer's."""
    signer = trustme.CA()
    signer.cert_pem.write_to_path(folder / "ca.pem")
    trustme.CA().cert_pem.write_to_path(folder / "another-ca.pem")
    broker = signer.issue_cert("127.0.0.1")  # and not localhost
    chain = b"".join(blob.bytes() for blob in broker.cert_chain_pems)
    (folder / "broker.pem").write_bytes(as_kafka_reads_it(broker.private_key_pem.bytes()) + chain)
    client = signer.issue_cert("ann@example.org")
    client.private_key_pem.write_to_path(folder / "client.key")
    client.cert_chain_pems[0].write_to_path(folder / "client.pem")


def as_kafka_reads_it(pem: bytes) -> bytes:
    """The private key in PKCS #8."""
    key = keys.load_pem_private_key(pem, None)
    return key.private_bytes(keys.Encoding.PEM, keys.PrivateFormat.PKCS8, keys.NoEncryption())


def token(user: str, valid_s: int = 600) -> str:
    """A JSON web token without a signature, which Kafka takes where no validator is set up."""
    now = int(time.time())
    parts = {"alg": "none"}, {"sub": user, "iat": now, "exp": now + valid_s}
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, ""])
