"""What apps and tablets may send, the same to both designs: one action, or a reason why not.

Every refusal is a 4xx, or a 503 for "try again", whose `detail` is a sentence; nothing is charged or emitted
before the checks have passed. It knows the domain and FastAPI, and neither design.
"""

import re
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from fiberlab.database import DatabaseDownError
from fiberlab.domain import Action, Actor, NotAllowedError, UnknownNameError
from fiberlab.ledger import ConflictingChargeError
from fiberlab.mailing import MailServerDownError
from fiberlab.names import identifier, readable

Id = Annotated[str, AfterValidator(identifier)]
Name = Annotated[str, AfterValidator(readable)]
A_TIME = "must be a time with its time zone, like '2026-03-02T09:30:00Z'"

# What is wrong with a field, by the start of pydantic's error type; what is not here is said in its words.
_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is not part of an action; leave it out",
    "string_unicode": "holds text that is not Unicode",
    "string": "must be text",
    "model": "must be an object",
    "datetime": A_TIME,
    "timezone": A_TIME,
}
_BY_STATUS = {
    400: "the body is not valid JSON; send one action as an object",
    404: "there is nothing at this address; POST one action to /actions",
    405: "this address takes no such method; POST one action to /actions",
}
_REFUSALS = {UnknownNameError: 422, NotAllowedError: 403, ConflictingChargeError: 409, DatabaseDownError: 503}
_REFUSALS |= {MailServerDownError: 503}
_PROBLEMS_TOLD = 8
_DESCRIBED = {
    400: "The body is not valid JSON.",
    403: "A customer acts on somebody else's account.",
    409: "The id belongs to another action.",
    422: "A field is wrong, or names what Herd Fiber does not have.",
    503: "Nothing was done; try again with the same id.",
}


def _date_first(value: object) -> object:
    if not isinstance(value, str) or not re.match(r"\d{4}-\d\d-\d\dT", value):
        raise ValueError(A_TIME)  # pydantic would take 1700000000 for a time as well
    return value


class ActorRequest(BaseModel):
    """Who acts: kind "customer" or "installer", and its id."""

    model_config = ConfigDict(extra="forbid", strict=True)
    kind: Id
    id: Id


class ActionRequest(BaseModel):
    """The body of POST /actions. `id` is chosen by the app or tablet; a retry sends the same id."""

    model_config = ConfigDict(extra="forbid", strict=True)
    id: Id
    action: Id
    account_id: Id
    actor: ActorRequest
    plan: Name
    at: Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_date_first)]

    def to_action(self) -> Action:
        """The domain's Action that this request asks for."""
        actor = Actor(self.actor.kind, self.actor.id)
        return Action(self.id, self.action, self.account_id, actor, self.plan, self.at)


class Refusal(BaseModel):
    """The answer to what is not done: a sentence that says why, and mostly what to do."""

    detail: str


class Bill(BaseModel):
    """The answer of a design that bills before it answers: this action was charged this much, in cents."""

    action_id: str
    amount_cents: int


def body(action: Action) -> dict[str, Any]:
    """The JSON body with which an app or tablet sends this action."""
    return {
        "id": action.id,
        "action": action.name,
        "account_id": action.account_id,
        "actor": {"kind": action.actor.kind, "id": action.actor.id},
        "plan": action.plan,
        "at": action.at.isoformat(),
    }


def new_app(title: str) -> FastAPI:
    """An HTTP app that answers bad requests with a reason: 400, 403, 404, 405, 409, 422 or 503."""
    refusals = {status: {"model": Refusal, "description": why} for status, why in _DESCRIBED.items()}
    plain = {"redirect_slashes": False, "docs_url": None, "redoc_url": None}  # the last two fetch scripts
    app = FastAPI(title=title, responses=refusals, **plain)
    app.add_exception_handler(RequestValidationError, _malformed)
    for status, sentence in _BY_STATUS.items():
        app.add_exception_handler(status, _refusal(status, sentence))
    for error, status in _REFUSALS.items():
        app.add_exception_handler(error, _refusal(status))
    return app


def _refusal(status: int, sentence: str | None = None) -> Callable[[Request, Exception], JSONResponse]:
    def refuse(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": sentence or str(error)}, status, getattr(error, "headers", None))

    return refuse


def _malformed(_: Request, error: RequestValidationError) -> JSONResponse:
    problems = error.errors()
    if problems[0]["type"] == "json_invalid":
        return JSONResponse({"detail": _BY_STATUS[400]}, 400)
    return JSONResponse({"detail": "; ".join(map(_sentence, problems[:_PROBLEMS_TOLD]))}, 422)


def _sentence(problem: dict[str, Any]) -> str:
    kind, got = problem["type"], problem["input"]
    if isinstance(got, bytes):
        return "the body is not marked as JSON; send it with content-type: application/json"
    where = ".".join(_short(str(part)) for part in problem["loc"][1:]) or "the body"
    words = next((words for start, words in _WORDS.items() if kind.startswith(start)), problem["msg"])
    if kind == "value_error":  # our own: it says what the value must be
        words = str(problem["ctx"]["error"])
    told = kind in ("missing", "extra_forbidden") or got == ""
    return f"{where} {words}" if told else f"{where} {words}, got {_short(repr(got))}"


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"
