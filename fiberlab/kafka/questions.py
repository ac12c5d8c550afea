"""What a Kafka is asked before it is used: what it can do, who it thinks we are, what we may do.

Each question has the answer or raises NoKafkaError. Nothing is changed at the broker.
"""

from kafka.errors import KafkaError
from kafka.net.sasl import get_sasl_mechanism
from kafka.protocol.admin import CreateTopicsRequest
from kafka.protocol.consumer.group import HeartbeatRequest
from kafka.protocol.metadata import ApiVersionsRequest, MetadataRequest
from kafka.protocol.sasl import SaslAuthenticateRequest, SaslHandshakeRequest, SaslHandshakeResponse

from fiberlab.kafka import login, sentences
from fiberlab.kafka.sentences import NoKafkaError
from fiberlab.kafka.settings import Settings
from fiberlab.kafka.wire import Place, Wire, speaks_tls

# The broker chooses how many replicas a new topic gets (KIP-464): CreateTopics version 4, Kafka 2.4.
OLDEST, NEEDED = "2.4", (CreateTopicsRequest.API_KEY, 4)
NO_SUCH_MECHANISM = 33
NOT_AUTHORIZED = (29, 30, 31)  # topic, group, cluster


def versions(wire: Wire, place: Place, settings: Settings) -> dict[int, tuple[int, int]]:
    """The oldest and newest version of each request that the broker knows."""
    try:
        keys = wire.ask(ApiVersionsRequest[0]()).api_keys
    except (OSError, KafkaError) as error:
        tls = not settings.tls and not isinstance(error, TimeoutError) and speaks_tls(place)
        raise sentences.no_answer(place, error, settings, wire.heard, tls) from None
    found = {key.api_key: (key.min_version, key.max_version) for key in keys}
    key, version = NEEDED
    if found.get(key, (0, -1))[1] < version:
        raise sentences.too_old(place, OLDEST)
    return found


def log_in(wire: Wire, place: Place, settings: Settings) -> None:
    """Return once we are logged in. Raises NoKafkaError."""
    mechanism = get_sasl_mechanism(settings.mechanism)(**login.client_settings(settings))
    try:
        offer = wire.ask(SaslHandshakeRequest[1](mechanism=settings.mechanism))
        if offer.error_code:
            raise sentences.no_such_login(place, settings, _offered(offer))
        while not mechanism.is_done():
            answer = wire.ask(SaslAuthenticateRequest[1](auth_bytes=mechanism.auth_bytes()))
            if answer.error_code:
                raise sentences.wrong_login(place, settings)
            mechanism.receive(answer.auth_bytes)
    except NoKafkaError:
        raise
    except (OSError, KafkaError) as error:
        raise sentences.not_let_in(place, error, settings) from None
    except (ValueError, KeyError):  # SCRAM: whoever answers does not know the password either
        raise sentences.wrong_login(place, settings) from None


def _offered(offer: SaslHandshakeResponse) -> list[str]:
    return list(offer.mechanisms) if offer.error_code == NO_SUCH_MECHANISM else []


def brokers(wire: Wire, place: Place, settings: Settings) -> list[tuple[str, int]]:
    """Where the brokers say they are."""
    try:
        answer = wire.ask(MetadataRequest[4](topics=[], allow_auto_topic_creation=False))
    except (OSError, KafkaError) as error:
        raise sentences.not_let_in(place, error, settings) from None
    return [(broker.host, broker.port) for broker in answer.brokers]


def may_work(wire: Wire, place: Place, settings: Settings) -> None:
    """Return if topics may be made and groups joined; nothing is made or joined."""
    name = f"{settings.prefix}doctor"
    topic = CreateTopicsRequest.CreatableTopic(name=name, num_partitions=1, replication_factor=-1)
    try:
        made = wire.ask(CreateTopicsRequest[4](topics=[topic], timeout_ms=2000, validate_only=True))
        joined = wire.ask(HeartbeatRequest[0](group_id=name, generation_id=0, member_id="doctor"))
    except (OSError, KafkaError) as error:
        raise sentences.not_let_in(place, error, settings) from None
    if made.topics[0].error_code in NOT_AUTHORIZED:
        raise sentences.not_allowed(place, settings, "make topics")
    if joined.error_code in NOT_AUTHORIZED:
        raise sentences.not_allowed(place, settings, "use consumer groups")
