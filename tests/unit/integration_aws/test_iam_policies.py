"""The published IAM policies grant each AWS call that the code can make, and nothing else."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import botocore.session
from botocore import xform_name

from cmlfleet.integration.aws.permissions import PERMISSIONS
from cmlfleet.integration.aws.service_call import AwsService, CloudWatchOperation, EC2Operation

ROOT = Path(__file__).parents[3]
SOURCES = {
    path.relative_to(ROOT / "src/cmlfleet").as_posix(): ast.parse(path.read_text())
    for path in (ROOT / "src/cmlfleet").rglob("*.py")
    if "simulator" not in path.parts
}
SESSIONS = "integration/aws/sessions.py"
HIDDEN_CALLS = {"get_paginator", "get_waiter", "_make_api_call", "generate_presigned_url"}
NEEDS_NO_PERMISSION = {"sts:GetCallerIdentity"}


def attributes() -> Iterator[tuple[str, str]]:
    """Every `.name` with the file it is in."""
    for name, tree in SOURCES.items():
        yield from ((name, node.attr) for node in ast.walk(tree) if isinstance(node, ast.Attribute))


def files_that_call(function: str) -> set[str]:
    return {
        name
        for name, tree in SOURCES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and function in (getattr(node.func, "id", None), getattr(node.func, "attr", None))
    }


def services_with_clients() -> set[str]:
    """What botocore's clients are made for."""
    return {
        node.args[0].value
        for node in ast.walk(SOURCES[SESSIONS])
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "_client"
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


def called_by_clients() -> set[str]:
    """The operations whose methods are named anywhere, as IAM writes them."""
    session: Any = botocore.session.Session()
    methods = {
        xform_name(operation): f"{service}:{operation}"
        for service in services_with_clients()
        for operation in session.get_service_model(service).operation_names
    }
    return {methods[name] for _, name in attributes() if name in methods}


def statements(name: str) -> list[dict[str, Any]]:
    return json.loads((ROOT / "docs" / name).read_text())["Statement"]


def granted(name: str) -> list[str]:
    actions: list[str] = []
    for statement in statements(name):
        assert statement["Effect"] == "Allow"
        actions += [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
    return actions


def test_the_read_only_policy_grants_what_is_read_and_nothing_else():
    read = {f"{AwsService.EC2}:{each}" for each in get_args(EC2Operation)}
    read |= {f"{AwsService.CLOUDWATCH}:{each}" for each in get_args(CloudWatchOperation)}
    assert sorted(granted("iam-policy.json")) == sorted(read)


def test_doctor_tries_each_action_of_the_read_only_policy():
    assert [each.action for each in PERMISSIONS] == granted("iam-policy.json")


def test_the_other_policies_grant_what_botocores_clients_are_asked_for_and_nothing_else():
    others = granted("iam-policy-secrets.json") + granted("iam-policy-accounts.json")
    assert sorted(others) == sorted(called_by_clients() - NEEDS_NO_PERMISSION)


def test_nothing_else_can_call_aws():
    """The types say all operations only as long as calls are made in one place, and clients in another."""
    assert files_that_call("ServiceCall") == {"integration/aws/service_call.py"}
    assert files_that_call("create_client") == {SESSIONS}
    assert [found for found in attributes() if found[1] in HIDDEN_CALLS] == []
    imported = {
        (name, module)
        for name, tree in SOURCES.items()
        for node in ast.walk(tree)
        for module in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert {name for name, module in imported if module.partition(".")[0] in ("boto3", "aiobotocore")} == set()
    assert {name for name, module in imported if module == "botocore.session"} == {SESSIONS}


def test_another_account_is_entered_by_one_identity_with_the_external_id_alone():
    (statement,) = statements("iam-trust-policy.json")
    assert statement["Action"] == "sts:AssumeRole"
    assert list(statement["Principal"]) == ["AWS"]
    assert "*" not in statement["Principal"]["AWS"]
    assert list(statement["Condition"]["StringEquals"]) == ["sts:ExternalId"]
