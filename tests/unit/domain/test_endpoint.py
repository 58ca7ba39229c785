"""An endpoint is an https:// address, whatever a tag says: people click on it, and credentials go there."""

import pytest

from cmlfleet.domain.endpoint import ENDPOINT_TAG, endpoint_of


@pytest.mark.parametrize("tag", ["javascript:alert(1)", "http://192.0.2.1", "data:text/html,x", "//192.0.2.1", "x"])
def test_a_tag_that_is_no_https_address_is_no_endpoint(tag: str) -> None:
    endpoint = endpoint_of(
        tags={ENDPOINT_TAG: tag}, public_ip="192.0.2.1", private_ip="10.0.0.1", prefer_private_ip=False
    )
    assert endpoint.url is None
    assert ENDPOINT_TAG in str(endpoint.reason)


def test_a_tag_with_an_https_address_wins() -> None:
    tags = {ENDPOINT_TAG: " https://cml.example.com:8443/ "}
    endpoint = endpoint_of(tags=tags, public_ip="192.0.2.1", private_ip=None, prefer_private_ip=False)
    assert (endpoint.url, endpoint.reason) == ("https://cml.example.com:8443", None)
