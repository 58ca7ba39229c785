"""What facts mean: events on changes, none on mere readings; late facts; absence; figures of what does not run."""

from dataclasses import replace
from datetime import datetime

from tests.support.fake_cml_source import failed_cml_fact, good_cml_fact
from tests.support.fake_sources import ec2_failure, running_instance
from tests.support.workers import NOW, minutes, names, new_state, worker_of

from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState, FigureSource, Health, WorkerStatus
from cmlfleet.domain.facts import (
    CMLFact,
    CMLLab,
    CMLLicense,
    CMLStatistics,
    Datapoint,
    EC2AbsentFact,
    EC2InstanceFact,
    UtilizationFact,
)
from cmlfleet.domain.identifiers import LabId
from cmlfleet.domain.sources import CMLPart, ErrorCode, Outcome, PartStatus, SkipReason, Source

LAB = CMLLab(
    lab_id=LabId("lab-1"),
    title="BGP",
    owner="ann",
    state="STARTED",
    node_count=2,
    nodes_running=2,
    created_at=NOW,
    modified_at=NOW,
)


def read(
    state: CMLWorkerState,
    *,
    at: datetime = NOW,
    ec2: EC2InstanceFact | None = None,
    cml: CMLFact | None = None,
    **policy: object,
) -> list[str]:
    """One whole refresh; the events it raised."""
    worker = worker_of(state, **policy)
    worker.observe_ec2(ec2 or running_instance(read_at=at))
    if worker.is_running:
        worker.observe_cml(cml or good_cml_fact(read_at=at))
    worker.conclude(now=at)
    return names(worker)


def stable(at: datetime, **changes: object) -> EC2InstanceFact:
    """The same instance at another time: only what is named differs."""
    return replace(running_instance(read_at=NOW), read_at=at, **changes)  # pyright: ignore[reportArgumentType]


def with_labs(at: datetime, *labs: CMLLab) -> CMLFact:
    return replace(good_cml_fact(read_at=at), labs=labs, lab_ids=frozenset(lab.lab_id for lab in labs))


def test_the_first_refresh_tells_what_is_new() -> None:
    state = new_state()
    raised = read(state)
    assert {
        "CMLWorkerStatusChanged",
        "CMLWorkerAddressesChanged",
        "CMLWorkerEndpointChanged",
        "CMLReadinessChanged",
        "CMLSystemInfoUpdated",
        "CMLCertificatePinned",
        "CMLWorkerHealthChanged",
    } <= set(raised)
    assert (state.status, state.health, state.cml_version) == (WorkerStatus.RUNNING, Health.READY, "2.9.1+build.7")


def test_a_refresh_that_changes_nothing_raises_nothing() -> None:
    state = new_state()
    read(state)
    assert read(state, at=NOW + minutes(1), ec2=stable(NOW + minutes(1))) == []


def test_facts_that_arrive_late_never_overwrite_newer_ones() -> None:
    state = new_state()
    read(state)
    worker = worker_of(state)
    worker.observe_ec2(stable(NOW - minutes(1), state="stopped"))
    worker.observe_cml(good_cml_fact(version="2.4.0", read_at=NOW - minutes(1)))
    assert (state.status, state.cml_version, worker.events) == (WorkerStatus.RUNNING, "2.9.1+build.7", [])


def test_a_figure_that_arrives_after_the_stop_is_no_figure_of_the_next_start() -> None:
    state = new_state()
    read(state)
    read(state, at=NOW + minutes(1), ec2=stable(NOW + minutes(1), state="stopped"))
    worker = worker_of(state)
    point = Datapoint(percent=99.0, at=NOW)
    worker.observe_cloudwatch(UtilizationFact(read_at=NOW + minutes(2), cpu=point, memory=None))
    assert (state.cloudwatch_cpu, worker.samples) == (None, [])
    assert state.sources[Source.CLOUDWATCH].outcome is not Outcome.OK


def test_an_instance_absent_from_one_answer_is_not_missing() -> None:
    state = new_state()
    read(state)
    worker = worker_of(state)
    worker.observe_ec2(EC2AbsentFact(read_at=NOW + minutes(1)))
    assert state.status is WorkerStatus.RUNNING
    assert state.sources[Source.EC2].error_code is ErrorCode.NOT_FOUND


def test_an_instance_absent_for_a_minute_is_missing() -> None:
    state = new_state()
    read(state)
    for later in (1.0, 1.9):
        worker_of(state).observe_ec2(EC2AbsentFact(read_at=NOW + minutes(later)))
        assert state.status is WorkerStatus.RUNNING
    worker = worker_of(state)
    worker.observe_ec2(EC2AbsentFact(read_at=NOW + minutes(2)))
    worker.conclude(now=NOW + minutes(2))
    assert state.status is WorkerStatus.MISSING
    assert state.gone_at == NOW + minutes(2)
    assert not state.monitoring_active


def test_one_that_was_shutting_down_is_missing_after_a_minute_too_and_not_before() -> None:
    state = new_state()
    read(state, ec2=stable(NOW, state="shutting-down"))
    worker_of(state).observe_ec2(EC2AbsentFact(read_at=NOW + minutes(1)))
    assert state.status is WorkerStatus.SHUTTING_DOWN
    worker_of(state).observe_ec2(EC2AbsentFact(read_at=NOW + minutes(2)))
    assert state.status is WorkerStatus.MISSING


def test_one_that_was_seen_terminated_stays_so_when_ec2_forgets_it() -> None:
    state = new_state()
    read(state, ec2=stable(NOW, state="terminated"))
    for later in (60, 120):
        worker = worker_of(state)
        worker.observe_ec2(EC2AbsentFact(read_at=NOW + minutes(later)))
        assert "CMLWorkerStatusChanged" not in names(worker)
    assert (state.status, state.gone_at) == (WorkerStatus.TERMINATED, NOW)


def test_an_answer_that_failed_between_two_absences_proves_nothing_either_way() -> None:
    state = new_state()
    read(state)
    worker_of(state).observe_ec2(EC2AbsentFact(read_at=NOW + minutes(1)))
    worker_of(state).observe_ec2(ec2_failure(ErrorCode.TIMEOUT, read_at=NOW + minutes(2)))
    assert state.status is WorkerStatus.RUNNING
    worker_of(state).observe_ec2(EC2AbsentFact(read_at=NOW + minutes(3)))
    assert state.status is WorkerStatus.MISSING


def test_an_instance_that_is_seen_again_was_never_missing() -> None:
    state = new_state()
    read(state)
    worker_of(state).observe_ec2(EC2AbsentFact(read_at=NOW + minutes(1)))
    worker_of(state).observe_ec2(stable(NOW + minutes(2)))
    worker_of(state).observe_ec2(EC2AbsentFact(read_at=NOW + minutes(3)))
    assert state.status is WorkerStatus.RUNNING


def test_figures_of_a_worker_that_does_not_run_are_unknown_not_zero() -> None:
    state = new_state()
    read(state, cml=with_labs(NOW, LAB))
    raised = read(state, at=NOW + minutes(1), ec2=stable(NOW + minutes(1), state="stopped"))
    assert "CMLWorkerStatusChanged" in raised
    figures = (state.cpu_utilization, state.disk_utilization, state.labs_count, state.nodes_running, state.cml_ready)
    assert figures == (None,) * 5
    assert state.health is Health.OFF


def test_tags_missing_from_one_answer_are_not_gone() -> None:
    state = new_state()
    read(state)
    assert read(state, at=NOW + minutes(1), ec2=stable(NOW + minutes(1), tags={})) == []
    assert state.name == "cml-worker"
    read(state, at=NOW + minutes(2), ec2=stable(NOW + minutes(2), tags={}))
    assert state.name == state.instance_id


def test_a_discovery_tag_that_disappears_is_shown() -> None:
    state = new_state()
    wanted = {"cmlfleet:managed": "true"}
    read(state, discovery_tags=wanted)
    at = NOW + minutes(1)
    raised = read(state, at=at, ec2=stable(at, tags={"Name": "cml-worker"}), discovery_tags=wanted)
    assert raised == ["CMLWorkerTagsChanged"]
    assert state.discovery_tag_missing


def test_a_new_address_is_a_new_endpoint_and_is_asked_at_once() -> None:
    """Without an elastic address each start brings another; the worker stays the same worker."""
    state = new_state()
    read(state)
    assert state.https_endpoint == "https://198.51.100.7"
    worker = worker_of(state)
    worker.observe_ec2(stable(NOW + minutes(1), public_ip="203.0.113.9", addresses=("10.0.0.7", "203.0.113.9")))
    assert names(worker) == ["CMLWorkerAddressesChanged", "CMLWorkerEndpointChanged"]
    assert (state.https_endpoint, state.addresses) == ("https://203.0.113.9", ("10.0.0.7", "203.0.113.9"))
    assert worker.is_due(Source.CML, now=NOW + minutes(1))


def test_a_worker_without_a_usable_address_says_which_setting_would_give_one() -> None:
    state = new_state()
    worker = worker_of(state)
    worker.observe_ec2(stable(NOW, public_ip=None, addresses=("10.0.0.7",)))
    worker.conclude(now=NOW)
    assert worker.cml_skip_reason() is SkipReason.NO_HTTPS_ENDPOINT
    assert "CMLFLEET_PREFER_PRIVATE_IP" in str(state.endpoint_reason)
    private = worker_of(new_state(), prefer_private_ip=True)
    private.observe_ec2(stable(NOW, public_ip=None))
    assert private.state.https_endpoint == "https://10.0.0.7"


def test_labs_that_appear_change_and_go() -> None:
    state = new_state()
    assert "CMLLabAppeared" in read(state, cml=with_labs(NOW, LAB))
    assert (state.labs_count, state.labs_running) == (1, 1)
    stopped, at = replace(LAB, state="STOPPED"), NOW + minutes(1)
    assert read(state, at=at, ec2=stable(at), cml=with_labs(at, stopped)) == ["CMLLabStateChanged"]
    at = NOW + minutes(2)
    assert read(state, at=at, ec2=stable(at), cml=with_labs(at)) == ["CMLLabRemoved"]
    assert (state.labs_count, state.labs_running) == (0, 0)


def test_labs_are_not_counted_by_who_cannot_see_them_all() -> None:
    state = new_state()
    read(state, cml=replace(with_labs(NOW, LAB), is_admin=False))
    assert (state.labs_count, state.labs_running, state.labs_reason) == (None, None, "not_admin")


def test_a_licence_that_changes() -> None:
    license_ = CMLLicense(
        registration_status="COMPLETED",
        authorization_status="IN_COMPLIANCE",
        product="CML_Enterprise",
        is_enterprise=True,
        smart_account=None,
        virtual_account=None,
        registration_expires_at=NOW,
        authorization_expires_at=NOW,
        renew_at=None,
        renew_failed=False,
        features=(),
        nodes_limit=20,
    )
    state = new_state()
    assert "CMLLicenseChanged" in read(state, cml=replace(good_cml_fact(read_at=NOW), license=license_))
    at = NOW + minutes(1)
    same = replace(good_cml_fact(read_at=at), license=license_)
    assert read(state, at=at, ec2=stable(at), cml=same) == []
    at = NOW + minutes(2)
    lapsed = replace(good_cml_fact(read_at=at), license=replace(license_, authorization_status="OUT_OF_COMPLIANCE"))
    assert read(state, at=at, ec2=stable(at), cml=lapsed) == ["CMLLicenseChanged"]
    at = NOW + minutes(3)
    refused = replace(good_cml_fact(read_at=at), license_reason="access_denied")
    assert read(state, at=at, ec2=stable(at), cml=refused) == ["CMLLicenseChanged"]
    assert (state.cml_license, state.nodes_limit) == (None, None)
    at = NOW + minutes(4)
    refused = replace(good_cml_fact(read_at=at), license_reason="access_denied")
    assert read(state, at=at, ec2=stable(at), cml=refused) == []


def test_a_source_says_once_that_it_fails_and_once_that_it_recovered() -> None:
    state = new_state()
    read(state)
    raised: list[list[str]] = []
    for minute in (1, 2, 3):
        worker = worker_of(state)
        worker.observe_ec2(ec2_failure(ErrorCode.THROTTLED, read_at=NOW + minutes(minute)))
        worker.conclude(now=NOW + minutes(minute))
        raised.append(names(worker))
    assert raised == [["CMLWorkerSourceFailing"], [], []]
    status = state.sources[Source.EC2]
    assert (status.failing_since, status.read_at) == (NOW + minutes(1), NOW)
    assert state.status is WorkerStatus.RUNNING
    worker = worker_of(state)
    worker.observe_ec2(stable(NOW + minutes(4)))
    assert names(worker) == ["CMLWorkerSourceRecovered"]
    assert state.sources[Source.EC2].failing_since is None


def test_a_threshold_is_crossed_at_90_and_left_under_80() -> None:
    state = new_state()
    read(state)
    raised: list[str] = []
    for minute, percent in enumerate((89.0, 90.0, 85.0, 80.0, 79.9), start=1):
        at = NOW + minutes(minute)
        statistics = CMLStatistics(
            cpu_percent=percent,
            memory_percent=None,
            disk_percent=None,
            running_nodes=0,
            total_nodes=0,
            computes=(),
        )
        raised += read(state, at=at, ec2=stable(at), cml=replace(good_cml_fact(read_at=at), statistics=statistics))
        crossed = "cpu" in state.high_figures
        assert crossed is (minute in (2, 3, 4))
    assert raised == ["CMLWorkerUtilizationThresholdCrossed"] * 2


def test_cloudwatch_is_shown_while_fresh_and_cml_after() -> None:
    state = new_state()
    worker = worker_of(state)
    worker.observe_ec2(stable(NOW))
    worker.observe_cml(good_cml_fact(read_at=NOW))
    point = Datapoint(percent=33.0, at=NOW - minutes(6))
    worker.observe_cloudwatch(UtilizationFact(read_at=NOW, cpu=point, memory=None))
    worker.conclude(now=NOW)
    assert (state.cpu_utilization, state.cpu_source, state.cpu_metrics_at) == (
        33.0,
        FigureSource.CLOUDWATCH,
        NOW - minutes(6),
    )
    assert (state.memory_utilization, state.memory_source) == (20.0, FigureSource.CML)
    later = NOW + minutes(12)
    read(state, at=later, ec2=stable(later))
    assert (state.cpu_utilization, state.cpu_source) == (5.0, FigureSource.CML)


def test_the_same_datapoint_twice_is_no_new_sample() -> None:
    state = new_state()
    point = Datapoint(percent=33.0, at=NOW - minutes(6))
    taken = 0
    for minute in (0, 1):
        worker = worker_of(state)
        worker.observe_ec2(stable(NOW + minutes(minute)))
        worker.observe_cloudwatch(UtilizationFact(read_at=NOW + minutes(minute), cpu=point, memory=None))
        taken += len(worker.samples)
    assert taken == 1


def test_a_young_instance_without_datapoints_has_no_data() -> None:
    state = new_state()
    worker = worker_of(state)
    worker.observe_ec2(stable(NOW))
    worker.observe_cloudwatch(UtilizationFact(read_at=NOW, cpu=None, memory=None))
    status = state.sources[Source.CLOUDWATCH]
    assert (status.outcome, status.read_at, status.failing_since) == (Outcome.NO_DATA, None, None)


def test_one_failing_part_leaves_the_others() -> None:
    state = new_state()
    fact = good_cml_fact(read_at=NOW)
    failed = PartStatus(outcome=Outcome.ERROR, error_code=ErrorCode.BAD_RESPONSE, detail="HTML")
    read(state, cml=replace(fact, parts={**fact.parts, CMLPart.HEALTH: failed}))
    status = state.sources[Source.CML]
    assert status.outcome is Outcome.OK
    assert status.parts[CMLPart.HEALTH].error_code is ErrorCode.BAD_RESPONSE
    assert status.parts[CMLPart.STATISTICS].read_at == NOW


def test_a_changed_certificate_is_told_once_and_waits_for_a_person() -> None:
    state = new_state()
    read(state)
    pinned = state.certificate_pinned
    raised: list[str] = []
    for minute in (1, 2):
        at = NOW + minutes(minute)
        changed = replace(failed_cml_fact(ErrorCode.CERTIFICATE_CHANGED, read_at=at), certificate="cd" * 32)
        raised += read(state, at=at, ec2=stable(at), cml=changed)
    assert raised.count("CMLCertificateChanged") == 1
    assert (state.certificate_pinned, state.health) == (pinned, Health.DEGRADED)
    worker = worker_of(state)
    worker.accept_certificate("cd" * 32, at=NOW + minutes(3))
    assert names(worker) == ["CMLCertificatePinned"]
    assert state.certificate_pinned == "cd" * 32


def test_since_when_no_node_has_run_is_remembered() -> None:
    state = new_state()
    for minute in (0, 1, 2):
        at = NOW + minutes(minute)
        read(state, at=at, ec2=stable(at))
    assert state.nodes_idle_since == NOW


def test_a_worker_without_credentials_is_skipped_and_its_public_parts_are_kept() -> None:
    state = new_state()
    public = replace(good_cml_fact(read_at=NOW), has_credentials=False, statistics=None, lab_ids=None, is_admin=None)
    read(state, cml=public)
    status = state.sources[Source.CML]
    assert (status.outcome, status.reason) == (Outcome.SKIPPED, SkipReason.NO_CREDENTIALS.value)
    assert (state.cml_version, state.health) == ("2.9.1+build.7", Health.UNKNOWN)
