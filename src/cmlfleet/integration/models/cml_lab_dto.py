"""Labs: their ids, one lab, all labs with their nodes, and the states of one lab's elements."""

from collections.abc import Mapping

import msgspec

from cmlfleet.domain.facts import CMLLab
from cmlfleet.domain.identifiers import LabId
from cmlfleet.integration.models.cml_values import Number, parse_time, whole

_IDLE_LAB_STATES = frozenset({"DEFINED_ON_CORE", "STOPPED"})  # no node of such a lab runs
_RUNNING_NODE_STATES = frozenset({"STARTED", "BOOTED"})


class CMLLabNodeDTO(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    state: str | None = None


class CMLTopologyDTO(msgspec.Struct, frozen=True, kw_only=True):
    """A tile's topology; its nodes are a list in every version from 2.4 on."""

    nodes: list[CMLLabNodeDTO | None] | None = None


class CMLLabDTO(msgspec.Struct, frozen=True, kw_only=True):
    """One lab. `state` is CML's word, an open set; the owner's name is there from 2.4 on."""

    id: str | None = None
    lab_title: str | None = None
    owner: str | None = None
    owner_username: str | None = None
    state: str | None = None
    node_count: Number | None = None
    created: str | None = None
    modified: str | None = None
    topology: CMLTopologyDTO | None = None

    def to_fact(self, *, lab_id: LabId, nodes_running: int | None = None) -> CMLLab:
        """The fact; running nodes are those given, else counted in the tile's topology.

        Raises `ValueError` for a time that cannot be read.
        """
        nodes = None if self.topology is None else self.topology.nodes
        node_count = whole(self.node_count)
        if node_count is None:
            node_count = len(nodes or ())
        return CMLLab(
            lab_id=lab_id,
            title=self.lab_title or "",
            owner=self.owner_username or self.owner,
            state=self.state or "",
            node_count=node_count,
            nodes_running=self.nodes_running if nodes_running is None else nodes_running,
            created_at=parse_time(self.created),
            modified_at=parse_time(self.modified),
        )

    @property
    def nodes_running(self) -> int | None:
        """Nodes that run, as far as this answer tells."""
        if self.state in _IDLE_LAB_STATES:
            return 0
        if self.topology is None or self.topology.nodes is None:
            return None
        states = [node.state for node in self.topology.nodes if node is not None]
        if None in states:
            return None
        return sum(state in _RUNNING_NODE_STATES for state in states)


class CMLLabTilesDTO(msgspec.Struct, frozen=True, kw_only=True):
    """`GET /populate_lab_tiles`."""

    lab_tiles: dict[str, CMLLabDTO | None]


class CMLElementStatesDTO(msgspec.Struct, frozen=True, kw_only=True):
    """`GET /labs/{id}/lab_element_state`."""

    nodes: dict[str, str | None] | None = None

    @property
    def nodes_running(self) -> int:
        return sum(state in _RUNNING_NODE_STATES for state in (self.nodes or {}).values())


class _LabReferenceDTO(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    id: str


_ids = msgspec.json.Decoder(list[str | _LabReferenceDTO])
_lab = msgspec.json.Decoder(CMLLabDTO)
_tiles = msgspec.json.Decoder(CMLLabTilesDTO)
_states = msgspec.json.Decoder(CMLElementStatesDTO)


def decode_lab_ids(body: bytes) -> frozenset[LabId]:
    """`GET /labs`: ids, or objects that hold one. Raises `msgspec.DecodeError` for anything else."""
    return frozenset(LabId(lab if isinstance(lab, str) else lab.id) for lab in _ids.decode(body))


def decode_lab(body: bytes) -> CMLLabDTO:
    """Raises `msgspec.DecodeError` or `ValueError` for what is not a lab."""
    lab = _lab.decode(body)
    if lab.state is None and lab.lab_title is None:
        raise ValueError("neither a state nor a title is there")
    return lab


def decode_lab_tiles(body: bytes) -> Mapping[LabId, CMLLabDTO]:
    """All labs of the answer by id. Raises `msgspec.DecodeError` for what is not tiles."""
    tiles = _tiles.decode(body).lab_tiles
    return {LabId(lab_id): lab for lab_id, lab in tiles.items() if lab is not None}


def decode_nodes_running(body: bytes) -> int:
    """How many nodes of the lab run. Raises `msgspec.DecodeError` for what is not element states."""
    return _states.decode(body).nodes_running
