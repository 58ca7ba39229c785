"""A loader that spares botocore the description of all of EC2.

An `ec2` client costs 24 MB and 0.2 s, nearly all of it for the model of 700 operations that are not called through
it: the client only tells where its endpoint is.
"""

from typing import Any

from botocore.loaders import Loader

_SERVICE_MODEL = "service-2"
_METADATA = {
    "ec2": {
        "apiVersion": "2016-11-15",
        "auth": ["aws.auth#sigv4"],
        "endpointPrefix": "ec2",
        "protocol": "ec2",
        "protocols": ["ec2"],
        "serviceFullName": "Amazon Elastic Compute Cloud",
        "serviceId": "EC2",
        "signatureVersion": "v4",
    },
    "cloudwatch": {
        "apiVersion": "2010-08-01",
        "auth": ["aws.auth#sigv4"],
        "endpointPrefix": "monitoring",
        "protocol": "json",
        "protocols": ["json"],
        "jsonVersion": "1.0",
        "serviceFullName": "Amazon CloudWatch",
        "serviceId": "CloudWatch",
        "signatureVersion": "v4",
        "targetPrefix": "GraniteServiceVersion20100801",
    },
}


class EndpointModelLoader(Loader):
    """botocore's loader, which knows of EC2 and CloudWatch only where they are."""

    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        metadata = _METADATA.get(service_name) if type_name == _SERVICE_MODEL else None
        if metadata is None:
            return super().load_service_model(service_name, type_name, api_version)
        return {"metadata": metadata, "operations": {}, "shapes": {}}
