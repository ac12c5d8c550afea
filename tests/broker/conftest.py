"""What tests of services as processes ask for."""

from collections.abc import Iterator

import pytest

from classroom.commands.service import topic_of
from fiberlab.cluster import Cluster
from tests.service_process import new_system


@pytest.fixture
def system(cluster: Cluster) -> Iterator[Cluster]:
    """The Kafka of the tests, with a topic that nobody has written to."""
    system = new_system(cluster)
    yield system
    system.delete_topic(topic_of(system))
