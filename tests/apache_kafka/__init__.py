"""Apache Kafka without Docker: the version and the environments of docker-compose.yml, from Maven's jars.

Read `compose` (what the file says, and what must differ outside a container), then `broker` (one Java
process), then `apache_kafka` (all of them, started and stopped); `jars` fetches, `janitor` tidies up.
"""
