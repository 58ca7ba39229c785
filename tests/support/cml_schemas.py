"""JSON Schemas of a controller's main answers, written from the contract; closed, as CML's own are since 2.9."""

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
WHOLE: Schema = {"type": "integer"}
PERCENT: Schema = {"type": "number", "minimum": 0, "maximum": 100}
UUID: Schema = {
    "type": "string",
    "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
}
MOMENT: Schema = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00$"}
AGENT_MOMENT: Schema = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$"}
ELEMENT_STATE: Schema = {"enum": ["DEFINED_ON_CORE", "STOPPED", "STARTED"]}


def closed(**properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def by_id(values: Schema) -> Schema:
    return {"type": "object", "propertyNames": UUID, "additionalProperties": values}


SIZE = closed(used=COUNT, free=COUNT, total=COUNT)
NODE_COUNTS = dict.fromkeys(("total_nodes", "total_orphans", "running_nodes", "running_orphans"), COUNT)
ERROR = closed(description=TEXT, code=WHOLE)
MAINTENANCE_MODE = closed(maintenance_mode=FLAG, notice=or_null(UUID), resolved_notice=or_null({}))
LAB_LIST = array(UUID)
LICENSING_DIAGNOSTICS = closed(quota=or_null(COUNT), started=COUNT, user_quota=or_null(COUNT), user_started=COUNT)


def system_information(minor: int) -> Schema:
    keys: dict[str, Schema] = {"version": TEXT, "ready": FLAG}
    if minor >= 5:
        keys["allow_ssh_pubkey_auth"] = FLAG
    if minor >= 9:
        keys["oui"] = or_null(TEXT)
    if minor >= 10:
        keys |= {"timeout": {"type": "integer", "minimum": 1, "maximum": 60}, "features": array(TEXT)}
    return closed(**keys)


def system_stats(minor: int) -> Schema:
    cpu = {"count": COUNT, "percent": PERCENT, "model": TEXT, "predicted": COUNT, "load": array(PERCENT)}
    if minor >= 9:
        cpu["hyperthreading"] = FLAG
    dominfo = closed(**NODE_COUNTS, allocated_cpus=COUNT, allocated_memory=COUNT)
    stats = closed(cpu=closed(**cpu), memory=SIZE, disk=SIZE, dominfo=dominfo)
    return closed(
        computes=by_id(closed(hostname=TEXT, is_controller=FLAG, stats=stats)),
        all=closed(cpu=closed(count=COUNT, percent=PERCENT), memory=SIZE, disk=SIZE),
        controller=closed(disk=SIZE),
    )


def system_health(minor: int) -> Schema:
    checks = ["kvm_vmx_enabled", "enough_cpus", "lld_synced", "libvirt", "fabric", "device_mux"]
    checks += ["refplat_images_available", "valid"]
    services: list[str] = []
    if minor >= 9:
        checks.append("docker_shim")
    if minor >= 10:
        checks += ["cpu_overload", "memory_overload", "disk_overload"]
        services = ["airhandler", "dispatcher", "ipsnooper", "pcapdemux"]
    compute = closed(
        **{check: or_null(FLAG) for check in checks},
        lld_connected=FLAG,
        is_controller=FLAG,
        hostname=TEXT,
        admission_state={"enum": ["UNREGISTERED", "REGISTERED", "ONLINE", "READY"]},
    )
    return closed(
        valid=or_null(FLAG),
        computes=by_id(compute),
        is_licensed=or_null(FLAG),
        is_enterprise=FLAG,
        controller=closed(
            core_connected=or_null(FLAG),
            nodes_loaded=FLAG,
            images_loaded=FLAG,
            valid=FLAG,
            **{service: or_null(FLAG) for service in services},
        ),
    )


def compute_hosts(minor: int) -> Schema:
    keys: dict[str, Schema] = dict.fromkeys(("server_address", "hostname", "admission_state"), TEXT)
    keys |= dict.fromkeys(("is_simulator", "is_connector", "is_connected", "is_synced"), FLAG)
    nodes = {"node_counts": closed(**NODE_COUNTS)} if minor >= 10 else {"nodes": array(UUID)}
    return array(closed(id=UUID, **keys, **nodes))


def lab(minor: int) -> Schema:
    keys: dict[str, Schema] = dict.fromkeys(
        ("lab_title", "lab_description", "lab_notes", "owner_username", "owner_fullname"), TEXT
    )
    keys |= {"id": UUID, "owner": UUID, "created": MOMENT, "modified": MOMENT, "state": ELEMENT_STATE}
    keys |= {"node_count": COUNT, "link_count": COUNT}
    if minor < 10:
        keys["groups"] = array({})
    if minor >= 9:
        keys["effective_permissions"] = array({"enum": ["lab_view", "lab_admin", "lab_exec", "lab_edit"]})
    if minor >= 10:
        keys["autostart"] = closed(enabled=FLAG, priority=or_null(COUNT), delay=or_null(COUNT))
        keys["node_staging"] = closed(enabled=FLAG, start_remaining=FLAG, abort_on_failure=FLAG)
    return closed(**keys)


def node(minor: int) -> Schema:
    """2.10 took the operational copies from the root."""
    numbers = ("ram", "cpus", "cpu_limit", "data_volume", "boot_disk_size")
    keys: dict[str, Schema] = {name: or_null(COUNT) for name in numbers}
    keys |= dict.fromkeys(("label", "node_definition"), TEXT)
    keys |= {"id": UUID, "lab_id": UUID, "x": WHOLE, "y": WHOLE, "hide_links": FLAG, "tags": array(TEXT)}
    keys |= {"image_definition": or_null(TEXT), "pinned_compute_id": or_null(UUID), "parameters": {}}
    keys |= {"operational": or_null({"type": "object"}), "configuration": {}}
    keys["boot_progress"] = {"enum": ["Not running", "Booting", "Booted"]}
    states = ["DEFINED_ON_CORE", "QUEUED", "STARTED", "BOOTED", "STOPPED", "DISCONNECTED"]
    if minor >= 10:
        keys |= {"priority": or_null(COUNT), "pyats": {"type": "object"}}
        states.append("STARTING")
    else:
        keys |= dict.fromkeys(("compute_id", "resource_pool", "vnc_key"), or_null(UUID))
        keys |= {"iol_app_id": or_null(COUNT), "serial_consoles": array({"type": "object"})}
    keys["state"] = {"enum": states}
    return closed(**keys)


def licensing() -> Schema:
    times = closed(
        **dict.fromkeys(("succeeded", "attempted", "scheduled"), or_null(AGENT_MOMENT)),
        **dict.fromkeys(("status", "failure", "success"), or_null(TEXT)),
    )
    feature = closed(
        **dict.fromkeys(("id", "name", "description", "status", "version"), TEXT),
        **dict.fromkeys(("in_use", "min", "max"), COUNT),
        **dict.fromkeys(("minEndDate", "maxEndDate"), or_null(TEXT)),
    )
    return closed(
        registration=closed(
            status=TEXT,
            smart_account=or_null(TEXT),
            virtual_account=or_null(TEXT),
            expires=or_null(AGENT_MOMENT),
            register_time=times,
            renew_time=times,
        ),
        authorization=closed(status=TEXT, expires=or_null(AGENT_MOMENT), renew_time=times),
        features=array(feature),
        reservation_mode=FLAG,
        transport=closed(default_ssms=TEXT, ssms=TEXT, proxy=closed(server=or_null(TEXT), port=or_null(COUNT))),
        udi=closed(hostname=TEXT, product_uuid=UUID),
        product_license=closed(active=TEXT, is_enterprise=FLAG),
    )
