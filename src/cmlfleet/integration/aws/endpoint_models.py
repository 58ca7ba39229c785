"""A loader that spares botocore the description of all of EC2, and of where every other service is.

An `ec2` client costs 24 MB and 0.2 s, nearly all of it for the model of 700 operations that are not called through
it: the client only tells where its endpoint is. The endpoints of all services take 7 MB.
"""

from typing import Any

from botocore.loaders import Loader

_SERVICE_MODEL = "service-2"
_ENDPOINTS = "endpoints"
_SERVICES = frozenset(
    {"ec2", "monitoring", "sts", "secretsmanager", "ssm", "oidc", "portal.sso", "signin"}
)  # those called, and those that give credentials
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
    """botocore's loader. Of EC2 and CloudWatch it knows only where they are; of what is never called, nothing."""

    def load_data_with_path(self, name: str) -> Any:
        data, path = super().load_data_with_path(name)
        if name == _ENDPOINTS:
            for partition in data["partitions"]:
                services = partition["services"]
                partition["services"] = {service: services[service] for service in _SERVICES & services.keys()}
        return data, path

    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        metadata = _METADATA.get(service_name) if type_name == _SERVICE_MODEL else None
        if metadata is None:
            return super().load_service_model(service_name, type_name, api_version)
        return {"metadata": metadata, "operations": {}, "shapes": {}}
