"""Python imports this first: the demos' programs, unchanged, at the servers of a test.

PSEPHOS_DEMO_KAFKA in place of the broker that they name; PSEPHOS_DEMO_SLEEP seconds in place of
each of their sleeps.
"""

import os


def elsewhere(broker):
    """The classes that the demos make, with this broker."""
    import confluent_kafka
    import kafka

    def confluent(make):
        return lambda settings: make(settings | {"bootstrap.servers": broker})

    for name in ("Consumer", "SerializingProducer"):
        setattr(confluent_kafka, name, confluent(getattr(confluent_kafka, name)))
    consumer = kafka.KafkaConsumer
    kafka.KafkaConsumer = lambda *topics, **settings: consumer(
        *topics, **settings | {"bootstrap_servers": broker})


if os.environ.get("PSEPHOS_DEMO_KAFKA"):
    elsewhere(os.environ["PSEPHOS_DEMO_KAFKA"])
if os.environ.get("PSEPHOS_DEMO_SLEEP"):
    import time

    sleep, seconds = time.sleep, float(os.environ["PSEPHOS_DEMO_SLEEP"])
    time.sleep = lambda _: sleep(seconds)
