"""Where pictures are put: the pattern is checked, and never shown."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.config.samples import config_of, good, read_data

GOOD = "https://store.example:9000/b/{tenant}/{box}/{camera}/{date}/{incident}/{kind}-{id}.jpg?sig=s3cr3t"


def with_evidence(**keys: object) -> dict[str, Any]:
    return good() | {"evidence": keys}


@pytest.mark.parametrize("value", [{"env": "PUT"}, GOOD.partition("?")[0]], ids=["env", "text"])
def test_a_good_pattern_is_taken_from_where_secrets_lie(value: object) -> None:
    data = with_evidence(send="put", put_url=value)
    config = config_of(data, env={"PUT": GOOD})
    assert config.evidence.put_url is not None
    assert config.evidence.put_url.get_secret_value().startswith("https://store.example:9000/b/{tenant}")
    assert "store.example" not in repr(config) + config.model_dump_json()
    assert read_data(data, env={"PUT": GOOD}).warnings == ()


def test_a_signature_in_the_file_is_taken_with_a_warning() -> None:
    report = read_data(with_evidence(send="put", put_url=GOOD))
    assert report.config is not None
    (warning,) = report.warnings
    assert (warning.key, warning.found) == ("evidence.put_url", "the address itself")


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("https://store/{cam}/{id}.jpg", "{cam}; did you mean camera?"),
        ("https://store/{cam}/{id}.jpg".replace("cam", "s3cr3t!"), "{…}"),
        ("https://store/{box}.jpg", "no {id} in the path"),
        ("https://store/x.jpg?name={id}", "no {id} in the path"),
        ("https://{box}.store/{id}.jpg", "a placeholder in the host"),
        ("https://store/{id}.jpg#s3cr3t", "a fragment (#)"),
        ("https://store/{id", "a brace without its counterpart"),
        ("https://user:s3cr3t@store/{id}.jpg", "a login inside the address"),
        ("ftp://store/{id}.jpg", "another kind of address"),
        ("s3cr3t/{id}.jpg", "another kind of address"),
        ("https://store:port/{id}.jpg", "an address that cannot be read"),
        ("https://[store/{id}.jpg", "an address that cannot be read"),
        ("https://store/a b/{id}.jpg", "an address with blanks"),
    ],
)
def test_a_bad_pattern_is_told_without_being_shown(pattern: str, found: str) -> None:
    report = read_data(with_evidence(send="put", put_url={"env": "PUT"}), env={"PUT": pattern})
    (problem,) = report.problems
    assert problem.key == "evidence.put_url"
    assert found in f"{problem.found}; {problem.mend}"
    assert "s3cr3t" not in str(problem)
    assert "store/" not in str(problem).replace("store.example", "")


def test_the_way_and_the_address_belong_together() -> None:
    (problem,) = read_data(with_evidence(send="put")).problems
    assert "evidence.send: expected put together with put_url, found no put_url" in str(problem)
    (warning,) = read_data(with_evidence(put_url={"env": "PUT"}), env={"PUT": GOOD}).warnings
    assert "evidence.put_url: expected put_url together with send: put" in str(warning)


@pytest.mark.parametrize("way", ["mqtt", "off"])
def test_the_other_ways_need_no_address(way: str) -> None:
    assert config_of(with_evidence(send=way)).evidence.send == way
