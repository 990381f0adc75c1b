"""The descriptions of parameters that many operations share, by name."""

from typing import Any

PARAMETERS = {
    "period": "The code of the period.",
    "agency": "The code of the agency.",
    "plan": "The code of the plan.",
    "project": "The code of the project.",
    "target": "The code of the target.",
    "code": "The code.",
    "status": "The state of the report.",
    "state": "The state of the period.",
    "timeliness": "The timeliness.",
    "year": "The year.",
    "frequency": "How often a report is due.",
    "kind": "The kind of the agency.",
    "source": "The source of the money.",
    "nature": "Development investment or recurrent expenditure.",
    "origin": "Whether the money is from this year or carried over.",
    "role": "The role.",
    "active": "Whether the account can sign in.",
    "number": "The number of the revision.",
    "username": "The user name.",
    "line_id": "The identifier of the budget line.",
    "key_id": "The identifier of the API key.",
    "link_id": "The identifier of the calendar link.",
    "webhook_id": "The identifier of the webhook.",
    "reorganisation_id": "The identifier of the reorganisation.",
    "message_id": "The identifier of the message.",
    "If-None-Match": "An earlier ETag; the answer is 304 if nothing has changed.",
    "actor": "The user name, or the name of the API key.",
    "action": "The name of the action, as `report.accepted`.",
    "subject": "What was changed, as a path.",
}


def describe_parameters(operation: dict[str, Any]) -> None:
    """Describe the parameters that their routes do not describe."""
    for parameter in operation.get("parameters", []):
        if "description" not in parameter:
            parameter["description"] = PARAMETERS[parameter["name"]]
