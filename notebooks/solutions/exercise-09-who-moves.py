from kafka.partitioner import murmur2


def moved(keys: list[str], before: int, after: int) -> list[str]:
    """The keys whose partition is another one after the topic has grown.

    Kafka's producer takes murmur2 of the key's bytes, without its sign, through the number of partitions.
    """

    def partition(key: str, partitions: int) -> int:
        return (murmur2(key.encode()) & 0x7FFFFFFF) % partitions

    return [key for key in keys if partition(key, before) != partition(key, after)]
