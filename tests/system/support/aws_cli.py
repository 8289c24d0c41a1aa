# SPDX-License-Identifier: Apache-2.0
"""A stand-in for the AWS CLI that notes its arguments and answers with ARNs.

botocore's models of the services judge the arguments: names, types and required parameters.
"""

import json
import re

import awscli.shorthand
import botocore.session
import botocore.validate
from botocore import xform_name

_STUB = """#!/usr/bin/python3
import json, sys
with open({log!r}, "a") as log:
    log.write(json.dumps(sys.argv[1:]) + "\\n")
answers = {answers!r}
if sys.argv[2] not in answers:
    sys.exit("refused: " + sys.argv[2])
print(answers[sys.argv[2]])
"""
_OF_THE_CLI = {"query": 1, "output": 1}


class AwsCli:
    """The program `aws` in `folder`. `answers` are its outputs by operation: create-role, …; it
    fails for any other."""

    def __init__(self, folder, answers):
        self._log = folder / "aws.log"
        self.path = folder / "aws"
        self.answer(answers)

    def answer(self, answers):
        self.path.write_text(_STUB.format(log=str(self._log), answers=answers))
        self.path.chmod(0o755)

    def calls(self):
        """The calls so far, checked: [(operation, {parameter: value})]."""
        if not self._log.exists():
            return []
        return [_checked(json.loads(line)) for line in self._log.read_text().splitlines()]


def _checked(arguments):
    service, operation, *options = arguments
    client = botocore.session.get_session().create_client(service, region_name="us-east-1")
    names = {xform_name(name, "-"): name for name in client.meta.service_model.operation_names}
    model = client.meta.service_model.operation_model(names[operation])
    members = {xform_name(name, "-"): name for name in model.input_shape.members}
    given, query = {}, None
    while options:
        name = options.pop(0).removeprefix("--")
        values = []
        while options and not options[0].startswith("--"):
            values.append(options.pop(0))
        if name in _OF_THE_CLI:
            (value,) = values
            query = value if name == "query" else query
            continue
        shape = model.input_shape.members[members[name]]
        given[members[name]] = _value(shape, values)
    report = botocore.validate.ParamValidator().validate(given, model.input_shape)
    assert not report.has_errors(), report.generate_report()
    _check_patterns(given, model.input_shape)
    _check_query(query, model.output_shape)
    return operation, given


def _check_query(query, shape):
    """A query must name a text in the answer."""
    if query is None:
        return
    for part in query.split("."):
        shape = shape.members[part]
    assert shape.type_name == "string", query


def _value(shape, values):
    if shape.type_name == "boolean":
        assert values == [], values
        return True
    if shape.type_name == "list":
        return values
    (value,) = values
    if shape.type_name == "integer":
        return int(value)
    if shape.type_name == "structure":
        return awscli.shorthand.ShorthandParser().parse(value)
    return value


def _check_patterns(given, shape):
    """botocore does not check the patterns and lengths of texts."""
    for name, value in given.items():
        member = shape.members[name]
        if member.type_name != "string":
            continue
        pattern = member.metadata.get("pattern")
        if pattern:
            pattern = re.sub(r"\\\\u(\w{4})", lambda match: chr(int(match[1], 16)), pattern)
            assert re.fullmatch(pattern, value), (name, pattern, value)
        assert len(value) <= member.metadata.get("max", len(value)), name
