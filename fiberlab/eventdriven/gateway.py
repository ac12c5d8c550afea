"""The gateway: one HTTP app that says what happened, then answers 202. It knows no listener."""

from fastapi import FastAPI, HTTPException
from kafka import KafkaProducer
from kafka.errors import BrokerNotAvailableError, KafkaError
from pydantic import BaseModel

from fiberlab.api import ActionRequest, new_app
from fiberlab.domain import Company
from fiberlab.eventdriven.events import Event, encode, happened

# As long as the producer tries. A broker that dies leads on for 9 s: so long the controller waits for it.
# If it was the controller, another is elected first and waits anew: up to 13.5 s were seen.
ACKNOWLEDGED_WITHIN_S = 20


class Accepted(BaseModel):
    """The answer: the broker has the event of this action. The bill comes later."""

    action_id: str


def create(company: Company, producer: KafkaProducer, topic: str) -> FastAPI:
    """The gateway's HTTP app."""
    app = new_app("Herd Fiber gateway")

    @app.post("/actions", status_code=202)
    def act(request: ActionRequest) -> Accepted:
        action = request.to_action()
        company.check(action)
        say(happened(action, company.plans), producer, topic)
        return Accepted(action_id=action.id)

    return app


def say(event: Event, producer: KafkaProducer, topic: str) -> None:
    """Return once the broker has the event; answer 503 if it has not within ACKNOWLEDGED_WITHIN_S.

    The answer is 410 if it never will, because the broker has ended and the topic is gone.
    """
    record = encode(event)
    headers = list(record.headers.items())
    try:
        producer.send(topic, record.value, record.key.encode(), headers).get(ACKNOWLEDGED_WITHIN_S)
    except BrokerNotAvailableError as error:
        raise HTTPException(410, str(error)) from error
    except KafkaError as error:
        reason = f"the event could not be stored ({type(error).__name__}); retry with the same id"
        raise HTTPException(503, reason) from error
