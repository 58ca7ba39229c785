"""An instance in EC2's XML, once as DescribeInstances shows it, once as DescribeInstanceStatus does."""

from collections.abc import Mapping
from datetime import datetime
from xml.sax.saxutils import escape

from cmlfleet.simulator.cloud.instance import CheckStatus, CloudInstance, InstanceState

AMAZON_OWNER = "amazon"  # owns an address that was assigned automatically; an elastic one the account owns


def timestamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"


def described(instance: CloudInstance) -> bytes:
    """The `item` of an instancesSet; rendered once and kept until the instance changes."""
    if instance.described_xml is None:
        instance.described_xml = _described(instance, tags=instance.tags)
    return instance.described_xml


def described_without_tags(instance: CloudInstance) -> bytes:
    return _described(instance, tags={})


def state_xml(state: InstanceState) -> str:
    return f"<code>{state.code}</code><name>{state}</name>"


def tag_set(tags: Mapping[str, str]) -> str:
    items = "".join(
        f"<item><key>{escape(key)}</key><value>{escape(value)}</value></item>" for key, value in tags.items()
    )
    return f"<tagSet>{items}</tagSet>" if items else ""


def _described(instance: CloudInstance, *, tags: Mapping[str, str]) -> bytes:
    suffix = instance.instance_id[2:]
    kind = instance.instance_type
    host = "ip-" + instance.private_ip.replace(".", "-") + ".ec2.internal"
    is_gone = instance.state is InstanceState.TERMINATED
    reason = instance.state_reason
    nested = "enabled" if instance.nested_virtualization else "disabled"
    cpu_options = (
        ""
        if kind.is_metal
        else f"<cpuOptions><coreCount>{kind.vcpus // kind.threads_per_core}</coreCount>"
        f"<threadsPerCore>{kind.threads_per_core}</threadsPerCore>"
        f"<nestedVirtualization>{nested}</nestedVirtualization></cpuOptions>"
    )
    return "".join(
        (
            "<item>",
            f"<instanceId>{instance.instance_id}</instanceId><imageId>{escape(instance.image_id)}</imageId>",
            f"<instanceState>{state_xml(instance.state)}</instanceState>",
            "" if is_gone else f"<privateDnsName>{host}</privateDnsName>",
            f"<dnsName>{_public_name(instance)}</dnsName>",
            f"<reason>{escape(instance.transition_reason)}</reason>",
            "<keyName>cml</keyName><amiLaunchIndex>0</amiLaunchIndex><productCodes/>",
            f"<instanceType>{escape(kind.name)}</instanceType>",
            f"<launchTime>{timestamp(instance.launched_at)}</launchTime>",
            f"<placement><availabilityZone>{instance.availability_zone}</availabilityZone>",
            "<groupName/><tenancy>default</tenancy></placement>",
            f"<monitoring><state>{'enabled' if instance.detailed_monitoring else 'disabled'}</state></monitoring>",
            "" if is_gone else _network(instance, suffix=suffix, host=host),
            "<architecture>x86_64</architecture>",
            "<rootDeviceType>ebs</rootDeviceType><rootDeviceName>/dev/sda1</rootDeviceName>",
            "" if is_gone else _volume(instance, suffix=suffix),
            "<virtualizationType>hvm</virtualizationType><clientToken/>",
            tag_set(tags),
            "<hypervisor>xen</hypervisor><ebsOptimized>true</ebsOptimized><enaSupport>true</enaSupport>",
            cpu_options,
            f"<stateReason><code>{reason.code}</code><message>{reason.message}</message></stateReason>"
            if reason
            else "",
            "<hibernationOptions><configured>false</configured></hibernationOptions>",
            "<metadataOptions><state>applied</state><httpTokens>required</httpTokens>",
            "<httpPutResponseHopLimit>2</httpPutResponseHopLimit><httpEndpoint>enabled</httpEndpoint>",
            "</metadataOptions><platformDetails>Linux/UNIX</platformDetails>",
            "<usageOperation>RunInstances</usageOperation>",
            "</item>",
        )
    ).encode()


def _public_name(instance: CloudInstance) -> str:
    if instance.public_ip is None:
        return ""
    return "ec2-" + instance.public_ip.replace(".", "-") + ".compute-1.amazonaws.com"


def _network(instance: CloudInstance, *, suffix: str, host: str) -> str:
    association = public = ""
    if instance.public_ip is not None:
        owner = instance.account_id if instance.elastic_ip else AMAZON_OWNER
        association = (
            f"<association><publicIp>{instance.public_ip}</publicIp>"
            f"<publicDnsName>{_public_name(instance)}</publicDnsName><ipOwnerId>{owner}</ipOwnerId></association>"
        )
        public = f"<ipAddress>{instance.public_ip}</ipAddress>"
    groups = f"<groupSet><item><groupId>sg-{suffix}</groupId><groupName>cml</groupName></item></groupSet>"
    return (
        f"<subnetId>subnet-0{instance.region}</subnetId><vpcId>vpc-0{instance.account_id}</vpcId>"
        f"<privateIpAddress>{instance.private_ip}</privateIpAddress>{public}"
        f"<sourceDestCheck>true</sourceDestCheck>{groups}"
        f"<networkInterfaceSet><item><networkInterfaceId>eni-{suffix}</networkInterfaceId>"
        f"<subnetId>subnet-0{instance.region}</subnetId><vpcId>vpc-0{instance.account_id}</vpcId>"
        f"<description/><ownerId>{instance.account_id}</ownerId><status>in-use</status>"
        f"<macAddress>{instance.mac_address}</macAddress>"
        f"<privateIpAddress>{instance.private_ip}</privateIpAddress><privateDnsName>{host}</privateDnsName>"
        f"<sourceDestCheck>true</sourceDestCheck>{groups}"
        f"<attachment><attachmentId>eni-attach-{suffix}</attachmentId><deviceIndex>0</deviceIndex>"
        f"<status>attached</status><attachTime>{timestamp(instance.first_launched_at)}</attachTime>"
        f"<deleteOnTermination>true</deleteOnTermination></attachment>{association}"
        f"<privateIpAddressesSet><item><privateIpAddress>{instance.private_ip}</privateIpAddress>"
        f"<privateDnsName>{host}</privateDnsName><primary>true</primary>{association}</item>"
        "</privateIpAddressesSet><ipv6AddressesSet/><interfaceType>interface</interfaceType>"
        "</item></networkInterfaceSet>"
    )


def _volume(instance: CloudInstance, *, suffix: str) -> str:
    return (
        "<blockDeviceMapping><item><deviceName>/dev/sda1</deviceName><ebs>"
        f"<volumeId>vol-{suffix}</volumeId><status>attached</status>"
        f"<attachTime>{timestamp(instance.first_launched_at)}</attachTime>"
        "<deleteOnTermination>true</deleteOnTermination></ebs></item></blockDeviceMapping>"
    )


def status(instance: CloudInstance) -> bytes:
    """The `item` of an instanceStatusSet; rendered once and kept until the instance changes."""
    if instance.status_xml is None:
        instance.status_xml = render_status(instance, checks=instance.checks)
    return instance.status_xml


def render_status(instance: CloudInstance, *, checks: CheckStatus, events: str = "") -> bytes:
    """Impaired checks are those of the instance; the host below it stays sound."""
    system = CheckStatus.OK if checks is CheckStatus.IMPAIRED else checks
    return "".join(
        (
            f"<item><instanceId>{instance.instance_id}</instanceId>",
            f"<availabilityZone>{instance.availability_zone}</availabilityZone>",
            f"<eventsSet>{events}</eventsSet>" if events else "",
            f"<instanceState>{state_xml(instance.state)}</instanceState>",
            f"<systemStatus>{_summary(system)}</systemStatus>",
            f"<instanceStatus>{_summary(checks)}</instanceStatus>",
            f"<attachedEbsStatus>{_summary(system)}</attachedEbsStatus></item>",
        )
    ).encode()


def event_item(*, event_id: str, code: str, description: str, not_before_at: datetime) -> str:
    return (
        f"<item><instanceEventId>{event_id}</instanceEventId><code>{code}</code>"
        f"<description>{escape(description)}</description><notBefore>{timestamp(not_before_at)}</notBefore></item>"
    )


_REACHABILITY = {
    CheckStatus.OK: "passed",
    CheckStatus.IMPAIRED: "failed",
    CheckStatus.INITIALIZING: "initializing",
}


def _summary(checks: CheckStatus) -> str:
    reachability = _REACHABILITY.get(checks)
    if reachability is None:
        return f"<status>{checks}</status>"
    return (
        f"<status>{checks}</status><details><item><name>reachability</name>"
        f"<status>{reachability}</status></item></details>"
    )
